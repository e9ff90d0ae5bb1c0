//! Moments in time, and clocks that return them. A test can set its own clock, so it needs no sleeps.

use std::fmt;
use std::ops::Add;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A moment, as the time since 1970-01-01T00:00:00Z. Leap seconds are not counted, as in `NumericDate` (RFC 7519
/// section 2).
///
/// # Example
///
/// ```
/// use countersign_core::UnixTime;
/// use std::time::Duration;
///
/// let issued = UnixTime::from_secs(1_800_000_000);
/// let expires = issued + Duration::from_secs(3_600);
/// assert_eq!(expires.as_secs(), 1_800_003_600);
/// assert_eq!(expires.saturating_duration_since(issued), Duration::from_secs(3_600));
/// assert_eq!(issued.to_string(), "1800000000");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(Duration);

impl UnixTime {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(Duration::ZERO);

    /// The last moment that can be represented.
    pub const MAX: Self = Self(Duration::MAX);

    /// Makes a moment from the time since 1970-01-01T00:00:00Z.
    pub const fn since_unix_epoch(duration: Duration) -> Self {
        Self(duration)
    }

    /// Makes a moment from the number of seconds since 1970-01-01T00:00:00Z.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// The whole seconds since 1970-01-01T00:00:00Z, without the fraction.
    pub const fn as_secs(self) -> u64 {
        self.0.as_secs()
    }

    /// The whole seconds since 1970-01-01T00:00:00Z, rounded up.
    pub(crate) fn as_secs_rounded_up(self) -> u64 {
        self.as_secs().saturating_add(u64::from(self.0.subsec_nanos() > 0))
    }

    /// Returns the moment this much later, or [`MAX`](Self::MAX) if it would be later than that.
    #[must_use]
    pub const fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }

    /// Returns the moment this much earlier, or [`EPOCH`](Self::EPOCH) if it would be earlier than that.
    #[must_use]
    pub const fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration))
    }

    /// Returns the time from `earlier` to this moment, or zero if `earlier` is later.
    #[must_use]
    pub const fn saturating_duration_since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for UnixTime {
    type Output = Self;

    /// Adds without overflow: the result is at most [`UnixTime::MAX`], so the times in a token cannot cause a panic.
    fn add(self, duration: Duration) -> Self {
        self.saturating_add(duration)
    }
}

impl fmt::Display for UnixTime {
    /// Prints the seconds since 1970, with a fraction only if there is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.as_secs())?;
        match self.0.subsec_nanos() {
            0 => Ok(()),
            nanos => f.write_str(format!(".{nanos:09}").trim_end_matches('0')),
        }
    }
}

impl fmt::Debug for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A source of the current time.
///
/// # Example
///
/// ```
/// use countersign_core::{Clock, SystemClock};
///
/// assert!(SystemClock.now().as_secs() > 1_700_000_000);
/// ```
pub trait Clock: fmt::Debug + Send + Sync {
    /// Returns the current time.
    fn now(&self) -> UnixTime;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixTime {
        // A clock before 1970 is broken. The latest moment is returned, so every token is refused as expired. The
        // earliest moment would make every expired token valid.
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(UnixTime::MAX, UnixTime::since_unix_epoch)
    }
}

/// A clock for tests. It changes only when it is set.
///
/// # Example
///
/// ```
/// use countersign_core::{Clock, ManualClock, UnixTime};
///
/// let clock = ManualClock::at(1_800_000_000);
/// clock.set(1_800_000_060);
/// assert_eq!(clock.now(), UnixTime::from_secs(1_800_000_060));
/// ```
#[derive(Debug)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    /// Makes a clock that shows `unix_seconds`.
    pub const fn at(unix_seconds: u64) -> Self {
        Self(AtomicU64::new(unix_seconds))
    }

    /// Sets the clock to `unix_seconds`, forwards or backwards.
    pub fn set(&self, unix_seconds: u64) {
        self.0.store(unix_seconds, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_ends_at_both_ends_of_time() {
        let second = Duration::from_secs(1);
        assert_eq!(UnixTime::MAX + second, UnixTime::MAX);
        assert_eq!(UnixTime::EPOCH.saturating_sub(second), UnixTime::EPOCH);
        assert_eq!(UnixTime::EPOCH.saturating_duration_since(UnixTime::MAX), Duration::ZERO);
    }

    #[test]
    fn a_fraction_is_shown_and_counts_when_rounded_up() {
        let moment = UnixTime::since_unix_epoch(Duration::from_millis(1_050));
        assert_eq!((moment.to_string(), moment.as_secs(), moment.as_secs_rounded_up()), ("1.05".to_owned(), 1, 2));
        assert_eq!(UnixTime::from_secs(7).as_secs_rounded_up(), 7);
    }
}
