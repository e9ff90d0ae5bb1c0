//! The verifier and the issuer that a token came by, as far as the token needs them later.

use crate::verified::clock_skew::ClockSkew;
use crate::verified::token::VerifiedToken;
use crate::verifier::token_cache::TokenCache;
use std::sync::{Arc, Weak};

/// One issuer of one verifier. All its tokens share it.
#[derive(Debug, Default)]
pub(crate) struct Provenance {
    /// Where its tokens are kept. A token that grows is weighed there, whoever made it grow.
    cache: Weak<TokenCache>,
    skew: ClockSkew,
    /// The same, as lists of revocations keep it that other verifiers may share.
    shared: Box<[Arc<ClockSkew>]>,
}

impl Provenance {
    pub(crate) fn new(cache: Option<&Arc<TokenCache>>, shared: Box<[Arc<ClockSkew>]>) -> Self {
        Self { cache: cache.map(Arc::downgrade).unwrap_or_default(), skew: ClockSkew::default(), shared }
    }

    /// Weighs a token again that has grown.
    pub(crate) fn weigh(&self, token: &VerifiedToken) {
        if let Some(cache) = self.cache.upgrade() {
            cache.weigh(token);
        }
    }

    /// Notes that a token was issued by a clock that is so many seconds ahead of ours.
    #[cold]
    pub(crate) fn see_ahead(&self, seconds: u64) {
        self.skew.see(seconds);
        for skew in &self.shared {
            skew.see(seconds);
        }
    }

    /// The most seconds that the issuer's clock was seen to be ahead, here or by another verifier that shares a list.
    pub(crate) fn seconds_ahead(&self) -> u64 {
        self.shared.iter().map(|skew| skew.seconds()).fold(self.skew.seconds(), u64::max)
    }
}
