//! The rows of one provider.

use crate::forgery::tampered;
use crate::report::Report;
use crate::{Result, decoded, verdict};
use countersign::{ManualClock, Verifier};
use countersign_core::IntoIssuer;
use std::sync::Arc;

/// A minute more than any preset's leeway.
const AFTER_LEEWAY: u64 = 660;

/// Tokens at one provider's preset.
pub(super) struct Rows<'a> {
    report: &'a mut Report,
    provider: &'static str,
    verifier: Verifier,
    /// The same, in times to come.
    later: Verifier,
    clock: Arc<ManualClock>,
}

impl<'a> Rows<'a> {
    /// The name says so where the provider is imitated.
    pub(super) async fn new<I>(report: &'a mut Report, provider: &'static str, issuer: I) -> Result<Self>
    where
        I: IntoIssuer + Clone,
    {
        let clock = Arc::new(ManualClock::at(0));
        let verifier = Verifier::builder().issuer(issuer.clone()).demand_keys().build().await?;
        let later = Verifier::builder().issuer(issuer).clock(clock.clone()).demand_keys().build().await?;
        Ok(Rows { report, provider, verifier, later, clock })
    }

    pub(super) async fn check(&mut self, case: &str, token: &str, expected: &str) {
        let got = verdict::described(&self.verifier, token).await;
        self.report.check(self.provider, case, expected, Ok(got));
    }

    /// A good token; then what was made of it, and what time makes of it.
    pub(super) async fn good(&mut self, case: &str, token: &str, principal: &str) -> Result {
        self.check(case, token, &format!("accepted: {principal}")).await;
        self.check(&format!("{case}, tampered signature"), &tampered(token), "refused: bad_signature").await;

        let claims = decoded::claims(token)?;
        let expires = claims["exp"].as_u64().ok_or(format!("no exp in {claims}"))?;
        self.clock.set(expires + AFTER_LEEWAY);
        let got = verdict::described(&self.later, token).await;
        self.report.check(self.provider, format!("{case}, expired"), "refused: expired", Ok(got));
        Ok(())
    }
}
