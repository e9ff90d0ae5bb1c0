//! The `Keycloak` preset.

use super::rows::Rows;
use crate::relying_party::SignInRequest;
use crate::report::Report;
use crate::shapes::Shapes;
use crate::{API, OTHER_API, Result};
use countersign::providers::{Keycloak, Provider};

const BASE: &str = "https://keycloak.example.test";

pub(super) async fn shaped(report: &mut Report, shapes: &Shapes) -> Result {
    const NAME: &str = "Keycloak (shape, signed by oidc-provider)";
    let realm = |realm: &str| -> Provider<Keycloak> { Keycloak::realm(BASE, realm).http_client(shapes.http_client()) };
    let main = || realm("main").audience(API).client_id("web");
    let issuer = |realm: &str| format!("{BASE}/realms/{realm}");
    let alice = shapes.sign_in(&issuer("main"), SignInRequest::default()).await?;
    let plain = shapes.sign_in(&issuer("main"), SignInRequest { nonce: None, ..SignInRequest::default() }).await?;
    let machine = shapes.machine(&issuer("main"), API).await?;
    let principal = "user alice; scopes reports:read; groups /admin; roles offline_access user";

    let mut rows = Rows::new(report, NAME, main()).await?;
    rows.good("access token", &alice.access, principal).await?;
    let svc = "machine svc; scopes reports:read; roles offline_access user";
    rows.good("machine's access token", &machine, svc).await?;
    let other_api = shapes.machine(&issuer("main"), OTHER_API).await?;
    rows.check("machine's access token for another API", &other_api, "refused: wrong_audience").await;
    let other_realm = shapes.machine(&issuer("other"), API).await?;
    rows.check("machine's access token of another realm", &other_realm, "refused: unknown_issuer").await;
    rows.check("ID token", &alice.id, "refused: wrong_kind").await;
    rows.check("ID token without nonce", &plain.id, "refused: wrong_kind").await;

    let mut rows = Rows::new(report, NAME, main().audience("web")).await?.set_to("the client as audience");
    rows.check("ID token", &alice.id, "refused: wrong_kind").await;
    rows.check("ID token without nonce", &plain.id, "refused: wrong_kind").await;

    let mut rows = Rows::new(report, NAME, main().client_roles("reports-api")).await?.set_to("roles of the API");
    rows.check("access token", &alice.access, &format!("accepted: {principal} editor")).await;

    let mut rows = Rows::new(report, NAME, main().access_or_id_tokens()).await?.set_to("access or ID tokens");
    rows.good("ID token", &alice.id, "user alice").await?;
    rows.check("access token", &alice.access, &format!("accepted: {principal}")).await;

    let old = shapes.sign_in(&issuer("old"), SignInRequest::default()).await?;
    let mut rows = Rows::new(report, NAME, realm("old").audience(API)).await?.set_to("before version 25");
    rows.check("access token with nonce", &old.access, &format!("accepted: {principal}")).await;
    rows.check("ID token", &old.id, "refused: wrong_kind").await;

    let unmapped = shapes.sign_in(&issuer("unmapped"), SignInRequest::default()).await?;
    let mut rows = Rows::new(report, NAME, realm("unmapped").audience(API)).await?.set_to("no audience mapper");
    rows.check("access token", &unmapped.access, "refused: missing_claim").await;
    let mut rows = Rows::new(report, NAME, realm("unmapped").authorized_party("web")).await?.set_to("authorized party");
    rows.check("access token", &unmapped.access, &format!("accepted: {principal}")).await;
    let other_party = shapes.machine(&issuer("unmapped"), API).await?;
    rows.check("access token of another client", &other_party, "refused: wrong_audience").await;
    Ok(())
}
