//! The `Okta` preset.

use super::rows::{Rows, subject};
use crate::emulate::{Emulate, OKTA_DOMAIN};
use crate::relying_party::SignInRequest;
use crate::report::Report;
use crate::shapes::Shapes;
use crate::{API, OTHER_API, Result};
use countersign::providers::{Okta, Provider};
use reqwest::Client;

fn issuer(server: &str) -> String {
    format!("https://{OKTA_DOMAIN}/oauth2/{server}")
}

fn preset(http: Client) -> Provider<Okta> {
    Okta::domain(OKTA_DOMAIN).authorization_server("default").http_client(http)
}

pub(super) async fn imitated(report: &mut Report, emulate: &Emulate) -> Result {
    const NAME: &str = "Okta (imitated by emulate)";
    let preset = || preset(emulate.http_client());
    let alice = emulate.sign_in(&issuer("default"), "web", "alice@example.test").await?;
    let for_other_client = emulate.sign_in(&issuer("default"), "other", "alice@example.test").await?.id;
    let other_server = emulate.sign_in(&issuer("other"), "web", "alice@example.test").await?.id;

    let mut rows = Rows::new(report, NAME, preset().client_id("web").id_tokens()).await?.set_to("ID tokens");
    rows.good("ID token", &alice.id, &format!("user {}", subject(&alice.id)?)).await?;
    rows.check("ID token for another client", &for_other_client, "refused: wrong_audience").await;
    rows.check("ID token of another server, same key", &other_server, "refused: unknown_issuer").await;

    let mut rows = Rows::new(report, NAME, preset().audience("web")).await?.set_to("the client as audience");
    rows.check("ID token", &alice.id, "refused: wrong_kind").await;
    rows.check("access token, opaque", &alice.access, "refused: not_compact").await;
    Ok(())
}

pub(super) async fn shaped(report: &mut Report, shapes: &Shapes) -> Result {
    const NAME: &str = "Okta (shape, signed by oidc-provider)";
    let preset = || preset(shapes.http_client()).audience(API).client_id("web");
    let alice = shapes.sign_in(&issuer("default"), SignInRequest::default()).await?;
    let machine = shapes.machine(&issuer("default"), API).await?;

    let mut rows = Rows::new(report, NAME, preset()).await?;
    rows.good("access token", &alice.access, "user alice; scopes reports:read; groups admin").await?;
    rows.good("machine's access token", &machine, "machine svc; scopes reports:read").await?;
    let other_api = shapes.machine(&issuer("default"), OTHER_API).await?;
    rows.check("machine's access token for another API", &other_api, "refused: wrong_audience").await;
    let other_server = shapes.machine(&issuer("other"), API).await?;
    rows.check("machine's access token of another server", &other_server, "refused: unknown_issuer").await;
    rows.check("ID token", &alice.id, "refused: wrong_kind").await;

    let mut rows = Rows::new(report, NAME, preset().access_or_id_tokens()).await?.set_to("access or ID tokens");
    rows.good("ID token", &alice.id, "user alice").await?;
    rows.check("machine's access token", &machine, "accepted: machine svc; scopes reports:read").await;
    Ok(())
}
