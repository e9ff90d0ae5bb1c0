//! Tokens that the application has revoked, until they expire.

use crate::verified_token::VerifiedToken;
use foldhash::quality::RandomState;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

/// By what was signed, and not by the whole token: a signature can be written in more than one way (ECDSA takes `s` and
/// `n - s`), what it signs cannot.
#[derive(Default)]
pub(crate) struct RevokedTokens {
    /// Most programs never revoke one, and pay for the look at a number.
    count: AtomicUsize,
    /// What was signed, and when the token will have expired anyway.
    signed: RwLock<HashMap<Box<str>, Duration, RandomState>>,
}

impl RevokedTokens {
    pub(crate) fn revoke(&self, token: &VerifiedToken, now: Duration) {
        let mut signed = self.signed.write().unwrap_or_else(PoisonError::into_inner);
        // As often as the map would grow, so that each revocation pays for a bounded part of the cleaning.
        if signed.len() == signed.capacity() {
            signed.retain(|_, expired| now < *expired);
        }
        signed.insert(token.signed().into(), token.expired());
        self.count.store(signed.len(), Ordering::Release);
    }

    pub(crate) fn contains(&self, token: &VerifiedToken) -> bool {
        self.count.load(Ordering::Acquire) > 0
            && self.signed.read().unwrap_or_else(PoisonError::into_inner).contains_key(token.signed())
    }
}

impl fmt::Debug for RevokedTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevokedTokens").field("count", &self.count).finish_non_exhaustive()
    }
}
