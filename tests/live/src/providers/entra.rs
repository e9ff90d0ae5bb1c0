//! The `Entra` preset.

use super::rows::{Rows, subject};
use crate::Result;
use crate::emulate::{Emulate, OTHER_TENANT, TENANT};
use crate::relying_party::{SignIn, SignInRequest};
use crate::report::Report;
use crate::shapes::Shapes;
use countersign::providers::Entra;

/// The API's application id, and its URI.
const APPLICATION: &str = "66666666-7777-8888-9999-000000000000";
const APPLICATION_URI: &str = "api://66666666-7777-8888-9999-000000000000";
const OTHER_URI: &str = "api://66666666-7777-8888-9999-999999999999";

fn v2(tenant: &str) -> String {
    format!("https://login.microsoftonline.com/{tenant}/v2.0")
}

/// The location of the discovery document of version 1, which is not below its issuer.
fn v1(tenant: &str) -> String {
    format!("https://login.microsoftonline.com/{tenant}")
}

pub(super) async fn emulated(report: &mut Report, emulate: &Emulate) -> Result {
    const NAME: &str = "Entra ID (imitated by emulate)";
    let preset = || Entra::tenant(TENANT).http_client(emulate.http_client());
    let alice = emulate.sign_in(&v2(TENANT), "web", "alice@example.test").await?;
    let for_other_client = emulate.sign_in(&v2(TENANT), "other", "alice@example.test").await?.id;
    let other_tenant = emulate.sign_in(&v2(OTHER_TENANT), "web", "mallory@other.test").await?.id;

    let mut rows = Rows::new(report, NAME, preset().client_id("web").id_tokens()).await?.set_to("ID tokens");
    // Its `sub` equals the `oid`, which in production is so for programs only.
    let principal = format!("machine {}; tenant {TENANT}", subject(&alice.id)?);
    rows.good("ID token", &alice.id, &principal).await?;
    rows.check("ID token for another client", &for_other_client, "refused: wrong_audience").await;
    rows.check("ID token of another tenant, same key", &other_tenant, "refused: unknown_issuer").await;

    let mut rows = Rows::new(report, NAME, preset().audience("web")).await?;
    rows.check("ID token", &alice.id, "refused: wrong_kind").await;
    rows.check("access token, opaque", &alice.access, "refused: not_compact").await;
    Ok(())
}

pub(super) async fn shaped(report: &mut Report, shapes: &Shapes) -> Result {
    const NAME: &str = "Entra ID (shape, signed by oidc-provider)";
    let preset = |tenants: fn() -> countersign::providers::Provider<Entra>| {
        tenants().audience(APPLICATION).audience(APPLICATION_URI).client_id("web").http_client(shapes.http_client())
    };
    let one = || preset(|| Entra::tenant(TENANT));
    let alice_v2 = sign_in(shapes, &v2(TENANT)).await?;
    let alice_v1 = sign_in(shapes, &v1(TENANT)).await?;
    let other_v2 = sign_in(shapes, &v2(OTHER_TENANT)).await?;
    let other_v1 = sign_in(shapes, &v1(OTHER_TENANT)).await?;
    let grants = "scopes reports:read; groups admin; roles Reports.Editor";
    let alice = format!("user alice; {grants}; tenant {TENANT}");
    let stranger = format!("user alice; {grants}; tenant {OTHER_TENANT}");

    let mut rows = Rows::new(report, NAME, one()).await?;
    rows.good("v2 access token", &alice_v2.access, &alice).await?;
    rows.good("v1 access token", &alice_v1.access, &alice).await?;
    let machine = shapes.machine(&v2(TENANT), APPLICATION_URI).await?;
    rows.good("machine's access token", &machine, &format!("machine svc; roles Reports.Read.All; tenant {TENANT}"))
        .await?;
    let other_api = shapes.machine(&v2(TENANT), OTHER_URI).await?;
    rows.check("machine's access token for another API", &other_api, "refused: wrong_audience").await;
    rows.check("v2 access token of another tenant, same key", &other_v2.access, "refused: unknown_issuer").await;
    rows.check("v1 access token of another tenant, same key", &other_v1.access, "refused: unknown_issuer").await;
    rows.check("v2 ID token", &alice_v2.id, "refused: wrong_kind").await;
    rows.check("v1 ID token", &alice_v1.id, "refused: wrong_kind").await;

    let mut rows = Rows::new(report, NAME, one().audience("web")).await?.set_to("the client as audience");
    rows.check("v2 ID token", &alice_v2.id, "refused: wrong_kind").await;
    rows.check("v1 ID token", &alice_v1.id, "refused: wrong_kind").await;

    let mut rows = Rows::new(report, NAME, one().v1()).await?.set_to("version 1 only");
    rows.check("v1 access token", &alice_v1.access, &format!("accepted: {alice}")).await;
    rows.check("v2 access token", &alice_v2.access, "refused: wrong_kind").await;

    let mut rows = Rows::new(report, NAME, one().v2()).await?.set_to("version 2 only");
    rows.check("v2 access token", &alice_v2.access, &format!("accepted: {alice}")).await;
    rows.check("v1 access token", &alice_v1.access, "refused: unknown_issuer").await;

    let mut rows = Rows::new(report, NAME, preset(Entra::any_tenant)).await?.set_to("any tenant");
    rows.good("v2 access token", &alice_v2.access, &alice).await?;
    rows.check("v2 access token of another tenant", &other_v2.access, &format!("accepted: {stranger}")).await;
    rows.check("v1 access token of another tenant", &other_v1.access, &format!("accepted: {stranger}")).await;

    let mut rows =
        Rows::new(report, NAME, preset(|| Entra::tenants([OTHER_TENANT]))).await?.set_to("the other tenant only");
    rows.check("v2 access token of the other tenant", &other_v2.access, &format!("accepted: {stranger}")).await;
    rows.check("v2 access token", &alice_v2.access, "refused: wrong_tenant").await;

    let mut rows = Rows::new(report, NAME, one().id_tokens()).await?.set_to("ID tokens");
    rows.good("v2 ID token", &alice_v2.id, &format!("user alice; tenant {TENANT}")).await?;
    rows.good("v1 ID token", &alice_v1.id, &format!("user alice; tenant {TENANT}")).await?;
    rows.check("v2 ID token of another tenant, same key", &other_v2.id, "refused: unknown_issuer").await;
    rows.check("v2 access token", &alice_v2.access, "refused: wrong_kind").await;
    Ok(())
}

async fn sign_in(shapes: &Shapes, issuer: &str) -> Result<SignIn> {
    shapes.sign_in(issuer, SignInRequest { resource: Some(APPLICATION_URI), ..SignInRequest::default() }).await
}
