//! A verification that must wait.

use crate::error::VerifyError;
use crate::json::Object;
use crate::token::raw::{Header, RawToken};
use crate::verified::token::VerifiedToken;
use crate::verifier::Verifier;
use std::fmt;
use std::sync::Arc;

/// The state of a verification that [`Verifier::begin`] started.
#[derive(Debug)]
#[must_use = "nothing is verified while it is pending"]
pub enum Verification {
    /// The verification is complete, with this verdict.
    Done(Result<VerifiedToken, VerifyError>),
    /// The verdict must wait for a key or for an asynchronous rule.
    Pending(PendingVerification),
}

/// A verification that must wait. It keeps the parsed token, so nothing is parsed twice. Dropping it cancels the
/// verification.
#[must_use = "nothing is verified until it was waited for"]
pub struct PendingVerification(pub(super) Box<Pending>);

pub(super) struct Pending {
    pub(super) verifier: Verifier,
    /// The index of the token's issuer in the verifier.
    pub(super) issuer: usize,
    pub(super) reason: Reason,
}

/// The reason for the wait.
pub(super) enum Reason {
    UnknownKey(ParsedClaims),
    AsyncRules(VerifiedToken),
}

/// A token that does not borrow from the request that brought it.
pub(super) struct ParsedClaims {
    pub(super) token: Box<str>,
    pub(super) header: Arc<Header>,
    pub(super) payload: String,
    pub(super) claims: Object<'static>,
}

impl PendingVerification {
    /// Waits for the key or the rules, and returns the verdict.
    ///
    /// # Errors
    ///
    /// [`VerifyError::Token`] if the token is refused, [`VerifyError::Unavailable`] if the token cannot be verified
    /// now.
    pub async fn wait(self) -> Result<VerifiedToken, VerifyError> {
        let Pending { verifier, issuer, reason } = *self.0;
        let verified = match reason {
            Reason::AsyncRules(verified) => verified,
            Reason::UnknownKey(ParsedClaims { token, header, payload, claims }) => {
                let keys = verifier.0.issuers[issuer].keys.refresh_for(header.kid.as_deref(), header.algorithm).await?;
                let raw = RawToken::parse(&token)?; // finds the two dots again, and decodes nothing
                let valid = verifier.verify_with(&raw, &header, &claims, issuer, &keys, verifier.0.clock.now())?;
                verifier.check_custom_rules(valid, payload)?
            }
        };
        verifier.0.issuers[issuer].policy.rules.check_waiting(&verified).await?;
        Ok(verifier.check_revoked_and_cache(verified)?)
    }
}

impl fmt::Debug for PendingVerification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingVerification").finish_non_exhaustive()
    }
}
