//! The distance of an issuer's clock, as its tokens show it.

use crate::clock::UnixTime;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The longest leeway that an issuer can be given.
pub(crate) const MAX_LEEWAY: Duration = Duration::from_secs(10 * 60);

/// The most, in seconds, that an issuer's clock was seen to be ahead of ours: the largest distance between the `iat` of a
/// token and the moment at which it was verified. It never shrinks, since what was refused by it must stay refused.
///
/// Only tokens that count have a say, so that it is never more than the leeway.
#[derive(Debug, Default)]
pub(crate) struct ClockSkew(AtomicU64);

impl ClockSkew {
    pub(crate) fn see(&self, seconds: u64) {
        self.0.fetch_max(seconds, Ordering::AcqRel);
    }

    pub(crate) fn seconds(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// By how many seconds `issued` is ahead of `now`. Both are cut to the second, as issuers cut `iat`.
pub(crate) fn seconds_ahead(issued: UnixTime, now: UnixTime) -> u64 {
    issued.as_secs().saturating_sub(now.as_secs())
}
