//! The time that validation goes by, injected so that tests need no sleeps.

use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Tells the time as the span since the Unix epoch.
///
/// # Example
///
/// ```
/// use countersign_core::{Clock, SystemClock};
///
/// assert!(SystemClock.now().as_secs() > 1_700_000_000);
/// ```
pub trait Clock: Debug + Send + Sync {
    /// The time since 1970-01-01T00:00:00Z.
    fn now(&self) -> Duration;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        // A clock before 1970 is broken. Read as the end of time it refuses every token; as its beginning, none that
        // expired.
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::MAX)
    }
}

/// A clock that stands still until it is set: for tests.
///
/// # Example
///
/// ```
/// use countersign_core::{Clock, ManualClock};
/// use std::time::Duration;
///
/// let clock = ManualClock::at(1_800_000_000);
/// clock.set(1_800_000_060);
/// assert_eq!(clock.now(), Duration::from_secs(1_800_000_060));
/// ```
#[derive(Debug)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    /// A clock that shows `unix_seconds`.
    pub const fn at(unix_seconds: u64) -> Self {
        Self(AtomicU64::new(unix_seconds))
    }

    /// Sets the clock to `unix_seconds`, forwards or back.
    pub fn set(&self, unix_seconds: u64) {
        self.0.store(unix_seconds, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}
