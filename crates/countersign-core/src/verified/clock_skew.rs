//! The clock skew of an issuer, measured from its tokens.

use crate::clock::UnixTime;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The longest leeway that an issuer can be given.
pub(crate) const MAX_LEEWAY: Duration = Duration::from_secs(10 * 60);

/// The largest number of seconds that an issuer's clock was ahead of ours. It is the largest difference between the
/// `iat` of a token and the moment of its verification. It never shrinks, since a refused token must stay refused.
///
/// Only accepted tokens are measured, so it never exceeds the leeway.
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

/// The seconds by which `issued` is ahead of `now`. Both are cut to whole seconds, as issuers do with `iat`.
pub(crate) fn seconds_ahead(issued: UnixTime, now: UnixTime) -> u64 {
    issued.as_secs().saturating_sub(now.as_secs())
}
