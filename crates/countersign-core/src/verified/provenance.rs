//! The part of its verifier and issuer that a verified token needs later.

use crate::verified::clock_skew::ClockSkew;
use std::fmt::Debug;
use std::sync::{Arc, Weak};

/// Charges tokens with the memory that they take: the cache that holds them.
pub(crate) trait TokenScale: Debug + Send + Sync {
    /// Weighs a token again, if it is held here. `raw` is the token's own text, so its address tells two tokens of one text
    /// apart.
    fn reweigh(&self, raw: &str);
}

/// One issuer of one verifier. All its tokens share it.
#[derive(Debug, Default)]
pub(crate) struct Provenance {
    /// The cache that holds its tokens. A token that grows is weighed again there.
    cache: Option<Weak<dyn TokenScale>>,
    skew: ClockSkew,
    /// The clock skew in each revocation list, which other verifiers may share.
    shared: Box<[Arc<ClockSkew>]>,
}

impl Provenance {
    pub(crate) fn new(cache: Option<Weak<dyn TokenScale>>, shared: Box<[Arc<ClockSkew>]>) -> Self {
        Self { cache, skew: ClockSkew::default(), shared }
    }

    /// Weighs a token again that has grown.
    pub(crate) fn reweigh(&self, raw: &str) {
        if let Some(cache) = self.cache.as_ref().and_then(Weak::upgrade) {
            cache.reweigh(raw);
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
