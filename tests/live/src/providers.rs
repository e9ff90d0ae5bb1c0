//! Every preset at tokens of its provider, by the URLs that it has in production. Where a provider is imitated, its name in
//! the report says so, and by whom.

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
    let servers = tokio::try_join!(Moto::start(), Emulate::start(), Auth0Simulator::start(), Shapes::start());
    let (moto, emulate, simulator, shapes) = servers?;

    cognito::imitated(report, &moto).await?;
    cognito::shaped(report, &shapes).await?;
    entra::emulated(report, &emulate).await?;
    entra::shaped(report, &shapes).await?;
    google::imitated(report, &emulate).await?;
    okta::imitated(report, &emulate).await?;
    okta::shaped(report, &shapes).await?;
    keycloak::shaped(report, &shapes).await?;
    firebase::shaped(report, &shapes).await?;
    auth0::simulated(report, &simulator).await?;
    auth0::shaped(report, &shapes).await?;
    misleading::check(report, &shapes).await
}
