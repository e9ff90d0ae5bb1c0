//! The `Auth0` preset.

use super::rows::Rows;
use crate::auth0_simulator::{Auth0Simulator, DOMAIN, OTHER_DOMAIN};
use crate::relying_party::SignInRequest;
use crate::report::Report;
use crate::shapes::Shapes;
use crate::{API, OTHER_API, Result};
use countersign::providers::Auth0;

pub(super) async fn simulated(report: &mut Report, simulator: &Auth0Simulator) -> Result {
    const NAME: &str = "Auth0 (imitated by auth0-simulator)";
    let preset = || Auth0::domain(DOMAIN).http_client(simulator.http_client());
    let alice = simulator.sign_in(DOMAIN, "web", API).await?;
    let by_other_client = simulator.sign_in(DOMAIN, "other", API).await?;
    let other_tenant = simulator.sign_in(OTHER_DOMAIN, "web", API).await?;
    let principal = "user auth0|alice; scopes openid email reports:read";

    let mut rows = Rows::new(report, NAME, preset().audience(API)).await?;
    rows.good("access token", &alice.access, principal).await?;
    rows.check("access token by another client", &by_other_client.access, &format!("accepted: {principal}")).await;
    let other_api = simulator.sign_in(DOMAIN, "web", OTHER_API).await?.access;
    rows.check("access token for another API", &other_api, "refused: wrong_audience").await;
    rows.check("access token of another tenant, same key", &other_tenant.access, "refused: unknown_issuer").await;
    rows.check("ID token", &alice.id, "refused: wrong_kind").await;
    // Auth0's own profile has one.
    let machine = simulator.client_credentials("svc", API).await?;
    rows.check("machine's access token, without `sub`", &machine, "refused: missing_claim").await;

    let mut rows =
        Rows::new(report, NAME, preset().audience(API).audience("web")).await?.set_to("the client as audience");
    rows.check("ID token", &alice.id, "refused: wrong_kind").await;

    let mut rows = Rows::new(report, NAME, preset().client_id("web").id_tokens()).await?.set_to("ID tokens");
    rows.good("ID token", &alice.id, "user auth0|alice").await?;
    rows.check("ID token for another client", &by_other_client.id, "refused: wrong_audience").await;
    rows.check("ID token of another tenant, same key", &other_tenant.id, "refused: unknown_issuer").await;
    rows.check("access token", &alice.access, "refused: wrong_kind").await;
    Ok(())
}

pub(super) async fn shaped(report: &mut Report, shapes: &Shapes) -> Result {
    const NAME: &str = "Auth0 (shape, signed by oidc-provider)";
    let issuer = format!("https://{DOMAIN}/");
    let preset = || Auth0::domain(DOMAIN).audience(API).client_id("web").http_client(shapes.http_client());
    let alice = shapes.sign_in(&issuer, SignInRequest::default()).await?;
    let plain = shapes.sign_in(&issuer, SignInRequest { nonce: None, ..SignInRequest::default() }).await?;
    let machine = shapes.machine(&issuer, API).await?;

    let mut rows = Rows::new(report, NAME, preset()).await?;
    rows.good(
        "access token, two audiences",
        &alice.access,
        "user alice; scopes reports:read; permissions edit:reports",
    )
    .await?;
    rows.good("machine's access token", &machine, "machine svc@clients; scopes reports:read; permissions list:reports")
        .await?;
    rows.check(
        "machine's access token for another API",
        &shapes.machine(&issuer, OTHER_API).await?,
        "refused: wrong_audience",
    )
    .await;
    rows.check("ID token", &alice.id, "refused: wrong_kind").await;

    let mut rows = Rows::new(report, NAME, preset().access_or_id_tokens()).await?.set_to("access or ID tokens");
    rows.good("ID token", &alice.id, "user alice").await?;
    rows.check("ID token without nonce", &plain.id, "accepted: user alice").await;
    rows.check("access token", &alice.access, "accepted: user alice; scopes reports:read; permissions edit:reports")
        .await;
    Ok(())
}
