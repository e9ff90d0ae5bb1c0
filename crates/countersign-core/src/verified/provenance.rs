//! The parts of the verifier and issuer that a verified token needs later.

use crate::verified::clock_skew::ClockSkew;
use std::fmt::Debug;
use std::sync::{Arc, Weak};

/// The cache of tokens, which limits their total memory.
pub(crate) trait TokenScale: Debug + Send + Sync {
    /// Measures a token again, if the cache contains it. `raw` is the text of this token. Its address distinguishes
    /// two tokens with equal text.
    fn reweigh(&self, raw: &str);
}

/// One issuer of one verifier. All its tokens share it.
#[derive(Debug, Default)]
pub(crate) struct Provenance {
    /// The cache of its tokens. A token that grows is measured again there.
    cache: Option<Weak<dyn TokenScale>>,
    skew: ClockSkew,
    /// The clock skew in each revocation list, which other verifiers may share.
    shared: Box<[Arc<ClockSkew>]>,
}

impl Provenance {
    pub(crate) fn new(cache: Option<Weak<dyn TokenScale>>, shared: Box<[Arc<ClockSkew>]>) -> Self {
        Self { cache, skew: ClockSkew::default(), shared }
    }

    /// Measures a token again after it has grown.
    pub(crate) fn reweigh(&self, raw: &str) {
        if let Some(cache) = self.cache.as_ref().and_then(Weak::upgrade) {
            cache.reweigh(raw);
        }
    }

    /// Records that a token was issued by a clock that is this many seconds ahead of ours.
    #[cold]
    pub(crate) fn see_ahead(&self, seconds: u64) {
        self.skew.see(seconds);
        for skew in &self.shared {
            skew.see(seconds);
        }
    }

    /// The largest number of seconds that the issuer's clock was ahead, as measured by this verifier or another one
    /// that shares a list.
    pub(crate) fn seconds_ahead(&self) -> u64 {
        self.shared.iter().map(|skew| skew.seconds()).fold(self.skew.seconds(), u64::max)
    }
}
