//! The `Google` preset.

use super::rows::{Rows, subject};
use crate::Result;
use crate::emulate::Emulate;
use crate::report::Report;
use countersign::providers::Google;

pub(super) async fn imitated(report: &mut Report, emulate: &Emulate) -> Result {
    const NAME: &str = "Google (imitated by emulate)";
    const ISSUER: &str = "https://accounts.google.com";
    let preset = || Google::client_id("web").http_client(emulate.http_client());
    let alice = emulate.sign_in(ISSUER, "web", "alice@example.test").await?;
    let for_other_client = emulate.sign_in(ISSUER, "other", "alice@example.test").await?.id;
    let other_domain = emulate.sign_in(ISSUER, "web", "mallory@other.test").await?.id;
    let private = emulate.sign_in(ISSUER, "web", "carol@gmail.com").await?.id;
    let principal = format!("user {}; tenant example.test", subject(&alice.id)?);

    let mut rows = Rows::new(report, NAME, preset()).await?;
    rows.good("ID token", &alice.id, &principal).await?;
    let carol = format!("accepted: user {}", subject(&private)?);
    rows.check("ID token of a private account", &private, &carol).await;
    rows.check("ID token for another client", &for_other_client, "refused: wrong_audience").await;
    rows.check("access token, opaque", &alice.access, "refused: not_compact").await;

    let mut rows = Rows::new(report, NAME, preset().hosted_domain("example.test")).await?.set_to("one hosted domain");
    rows.check("ID token", &alice.id, &format!("accepted: {principal}")).await;
    rows.check("ID token of another hosted domain", &other_domain, "refused: claim_not_accepted").await;
    rows.check("ID token of a private account", &private, "refused: missing_claim").await;
    Ok(())
}
