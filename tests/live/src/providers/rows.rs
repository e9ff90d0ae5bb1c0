//! The rows of one provider.

use crate::forgery::tampered;
use crate::process::LIMIT;
use crate::report::Report;
use crate::resource_server::http_client;
use crate::{Result, decoded, verdict};
use axum::Router;
use axum::routing::get;
use countersign::clock::ManualClock;
use countersign::verified::Claims;
use countersign::{CurrentUser, Verifier};
use countersign_core::IntoIssuer;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::time::timeout;

/// More than the longest leeway, in seconds.
const AFTER_LEEWAY: u64 = 660;

/// Tokens for one provider's preset.
pub(super) struct Rows<'a> {
    report: &'a mut Report,
    provider: &'static str,
    /// A text about the configuration, which follows the name of each case.
    setting: &'static str,
    verifier: Verifier,
    /// An application that accepts the verifier's callers.
    application: String,
    /// The same verifier with a clock in the future.
    later: Verifier,
    clock: Arc<ManualClock>,
}

impl<'a> Rows<'a> {
    /// Creates rows. An imitated provider's name includes the software that imitates it.
    pub(super) async fn new<I>(report: &'a mut Report, provider: &'static str, preset: I) -> Result<Self>
    where
        I: IntoIssuer + Clone,
    {
        let clock = Arc::new(ManualClock::at(0));
        let verifier = Verifier::builder().issuer(preset.clone()).build().await?;
        let later = Verifier::builder().issuer(preset).clock(clock.clone()).build().await?;
        for verifier in [&verifier, &later] {
            let ready = timeout(LIMIT, verifier.wait_until_ready()).await;
            ready.map_err(|_| format!("no keys of {provider} after {LIMIT:?}: {:?}", verifier.ready()))?;
        }
        let application = serve(verifier.clone()).await?;
        Ok(Rows { report, provider, setting: "", verifier, application, later, clock })
    }

    /// Sets the text about the configuration.
    pub(super) fn set_to(mut self, setting: &'static str) -> Self {
        self.setting = setting;
        self
    }

    /// Adds the verdict on one token. An application over HTTP must agree.
    pub(super) async fn check(&mut self, case: &str, token: &str, expected: &str) {
        let mut got = verdict::described(&self.verifier, token).await;
        let agreed = if got.starts_with("accepted") { "200" } else { "401 invalid_token" };
        match self.answer(token).await {
            Ok(answer) if answer == agreed => {}
            Ok(answer) => got.push_str(&format!(", but over HTTP {answer}")),
            Err(error) => got.push_str(&format!(", but over HTTP {error}")),
        }
        self.add(case, expected, got);
    }

    /// Adds a valid token, forgeries of it, and the token after its expiry.
    pub(super) async fn good(&mut self, case: &str, token: &str, principal: &str) -> Result {
        self.check(case, token, &format!("accepted: {principal}")).await;
        self.check(&format!("{case}, tampered signature"), &tampered(token), "refused: bad_signature").await;

        let claims = decoded::claims(token)?;
        let expires = claims["exp"].as_u64().ok_or(format!("no exp in {claims}"))?;
        self.clock.set(expires + AFTER_LEEWAY);
        let got = verdict::described(&self.later, token).await;
        self.add(&format!("{case}, expired"), "refused: expired", got);
        Ok(())
    }

    async fn answer(&self, token: &str) -> Result<String> {
        verdict::answered(http_client()?.get(&self.application).bearer_auth(token).send().await?).await
    }

    fn add(&mut self, case: &str, expected: &str, got: String) {
        let separator = if self.setting.is_empty() { "" } else { "; " };
        self.report.check(self.provider, format!("{case}{separator}{}", self.setting), expected, Ok(got));
    }
}

/// An application with one route for every verified caller.
async fn serve(verifier: Verifier) -> Result<String> {
    async fn me(CurrentUser(_): CurrentUser<Claims>) {}
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}/me", listener.local_addr()?);
    let app = Router::new().route("/me", get(me)).with_state(verifier);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(url)
}

/// The subject, if the provider generates it.
pub(super) fn subject(token: &str) -> Result<String> {
    let claims = decoded::claims(token)?;
    Ok(claims["sub"].as_str().ok_or(format!("no sub in {claims}"))?.to_owned())
}
