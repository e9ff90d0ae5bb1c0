//! Tests of every preset with tokens of its provider and with production URLs. The report names the software that imitates
//! a provider.

mod auth0;
mod cognito;
mod entra;
mod firebase;
mod google;
mod keycloak;
mod misleading;
mod okta;
mod rows;

use crate::Result;
use crate::auth0_simulator::Auth0Simulator;
use crate::emulate::Emulate;
use crate::moto::Moto;
use crate::report::Report;
use crate::shapes::Shapes;

pub(crate) async fn check(report: &mut Report) -> Result {
    let (moto, emulate, simulator, shapes) =
        tokio::join!(Moto::start(), Emulate::start(), Auth0Simulator::start(), Shapes::start());

    part(report, "Cognito", &moto, cognito::imitated).await;
    part(report, "Cognito", &shapes, cognito::shaped).await;
    part(report, "Entra ID", &emulate, entra::emulated).await;
    part(report, "Entra ID", &shapes, entra::shaped).await;
    part(report, "Google", &emulate, google::imitated).await;
    part(report, "Okta", &emulate, okta::imitated).await;
    part(report, "Okta", &shapes, okta::shaped).await;
    part(report, "Keycloak", &shapes, keycloak::shaped).await;
    part(report, "Firebase", &shapes, firebase::shaped).await;
    part(report, "Auth0", &simulator, auth0::simulated).await;
    part(report, "Auth0", &shapes, auth0::shaped).await;
    part(report, "oidc-provider", &shapes, misleading::check).await;
    Ok(())
}

/// The checks of one preset with one server. If the server does not start, only these checks are skipped.
async fn part<S>(
    report: &mut Report,
    name: &'static str,
    server: &Result<S>,
    check: impl AsyncFnOnce(&mut Report, &S) -> Result,
) {
    match server {
        Ok(server) => {
            if let Err(error) = check(report, server).await {
                report.broke_off(name, "(this preset at this server)", error);
            }
        }
        Err(error) => report.broke_off(name, "(the server itself)", error),
    }
}
