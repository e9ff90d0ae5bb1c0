//! Verification of tokens without a signature. Compiled only with the feature `dangerous-unsigned`.

use crate::clock::UnixTime;
use crate::error::TokenError;
use crate::policy::unsigned;
use crate::verified::token::VerifiedToken;
use crate::verifier::Verifier;
use crate::verifier::pipeline::{claims, text};
use std::time::Duration;

impl Verifier {
    /// Returns the verdict on a token without a signature; `None` for any other token, and for every token if no issuer
    /// [accepts unsigned ones](crate::DangerousIssuer::accept_unsigned_tokens).
    pub(super) fn unsigned(&self, token: &str, now: UnixTime) -> Option<Result<VerifiedToken, TokenError>> {
        let is_asked = token.ends_with('.') && self.0.issuers.iter().any(|issuer| issuer.accepts_unsigned);
        is_asked.then(|| self.verify_unsigned(token, now))
    }

    /// Skips asynchronous rules, since unsigned tokens give no protection in any case.
    #[inline(never)]
    fn verify_unsigned(&self, token: &str, now: UnixTime) -> Result<VerifiedToken, TokenError> {
        let payload = text(unsigned::payload(token)?)?;
        let valid = {
            let claims = claims(&payload)?;
            let issuer = &self.0.issuers[self.issuer_index(&claims)?];
            if !issuer.accepts_unsigned {
                return Err(TokenError::AlgorithmNotAllowed);
            }
            self.validate_claims(token, &claims, None, issuer, (&unsigned::no_key(), Duration::MAX), now)?
        };
        let issuer = &valid.issuer.policy.iss;
        let verified = self.check_custom_rules(valid, payload)?;
        tracing::warn!(target: "countersign::danger", %issuer, "an unsigned token was accepted");
        self.check_revoked_and_cache(verified)
    }
}
