//! How often an issuer is asked for its keys: refreshes, retries, cool-downs.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// The lifetime of a set whose answer names none.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(10 * 60);
/// A set is never asked for again much sooner, whatever its answer says.
pub(crate) const MIN_LIFETIME: Duration = Duration::from_secs(60);
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// The pause after a first failure; it doubles up to [`MAX_PAUSE`].
const MIN_PAUSE: Duration = Duration::from_secs(1);
const MAX_PAUSE: Duration = Duration::from_secs(60);
/// From the start of an attempt that an unknown key caused, no further unknown key causes another.
pub(crate) const COOL_DOWN: Duration = Duration::from_secs(30);
/// What the cool-down grows to, doubling, while such attempts fail.
const MAX_COOL_DOWN: Duration = Duration::from_secs(2 * 60);
/// The longest that a provider may ask to be left alone (`Retry-After`): its new keys are not seen for so long.
const MAX_QUIET: Duration = Duration::from_secs(5 * 60);

/// The pauses of one issuer, which grow while it fails.
///
/// Every pause but the first cool-down is spread at random, so that instances that start or fail together do not come back together.
pub(crate) struct RefreshSchedule {
    pause: Duration,
    cool_down: Duration,
}

impl RefreshSchedule {
    pub(crate) fn new() -> Self {
        Self { pause: MIN_PAUSE, cool_down: COOL_DOWN }
    }

    /// The issuer answered: pauses are short again.
    pub(crate) fn reset(&mut self) {
        *self = Self::new();
    }

    /// When to refresh a set of this lifetime that is believed up to `max_age`, counted from when it was asked for: early
    /// enough for some failures.
    pub(crate) fn refresh(&self, lifetime: Option<Duration>, max_age: Duration) -> Duration {
        let lifetime = lifetime.map_or(DEFAULT_LIFETIME, |lifetime| lifetime.clamp(MIN_LIFETIME, MAX_LIFETIME));
        lifetime.min(max_age).max(MIN_LIFETIME).mul_f64(between(0.75, 0.85))
    }

    /// When to try again, counted from a failure. The next will be later.
    pub(crate) fn retry(&mut self) -> Duration {
        let pause = self.pause;
        self.pause = (pause * 2).min(MAX_PAUSE);
        pause.mul_f64(between(0.75, 1.25))
    }

    /// For how long an attempt that an unknown key caused forbids another one, counted from its start, after a failure. The
    /// next will be longer.
    pub(crate) fn cool_down(&mut self) -> Duration {
        let cool_down = self.cool_down;
        self.cool_down = (cool_down * 2).min(MAX_COOL_DOWN);
        if cool_down == COOL_DOWN { cool_down } else { cool_down.mul_f64(between(0.75, 1.0)) }
    }

    /// How long the issuer is left alone when it asks to be: a little longer, since it may ask everybody to come back at the
    /// same second.
    pub(crate) fn quiet(asked: Duration) -> Duration {
        asked.min(MAX_QUIET).mul_f64(between(1.0, 1.1))
    }
}

/// A number in this range, another one each time. Not for secrets.
fn between(low: f64, high: f64) -> f64 {
    // The standard library seeds each `RandomState` anew.
    let fraction = f64::from(RandomState::new().build_hasher().finish() as u32) / f64::from(u32::MAX);
    low + (high - low) * fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_within(actual: Duration, low: u64, high: u64) {
        let (low, high) = (Duration::from_secs(low), Duration::from_secs(high));
        assert!((low..=high).contains(&actual), "{actual:?} is not within {low:?} and {high:?}");
    }

    #[test]
    fn lifetimes_are_clamped_and_refreshed_early() {
        let schedule = RefreshSchedule::new();
        let day = MAX_LIFETIME;
        assert_within(schedule.refresh(None, day), 450, 510);
        assert_within(schedule.refresh(Some(Duration::ZERO), day), 45, 51);
        assert_within(schedule.refresh(Some(Duration::from_secs(3_600)), day), 2_700, 3_060);
        assert_within(schedule.refresh(Some(Duration::MAX), day), 64_800, 73_440);
    }

    #[test]
    fn a_set_is_refreshed_before_it_is_too_old_to_be_believed() {
        let schedule = RefreshSchedule::new();
        let hour = Duration::from_secs(3_600);
        assert_within(schedule.refresh(Some(Duration::MAX), hour), 2_700, 3_060);
        assert_within(schedule.refresh(None, hour), 450, 510);
        assert_within(schedule.refresh(None, Duration::from_secs(300)), 225, 255);
        assert_within(schedule.refresh(Some(Duration::ZERO), hour), 45, 51);
        assert_within(schedule.refresh(Some(hour), Duration::ZERO), 45, 51);
    }

    #[test]
    fn pauses_double_up_to_their_limits_and_begin_anew_after_an_answer() {
        let mut schedule = RefreshSchedule::new();
        for (low, high) in [(0, 2), (1, 3), (3, 5), (6, 10), (12, 20), (24, 40), (45, 75), (45, 75)] {
            assert_within(schedule.retry(), low, high);
        }
        for (low, high) in [(30, 30), (45, 60), (90, 120), (90, 120)] {
            assert_within(schedule.cool_down(), low, high);
        }
        schedule.reset();
        assert_within(schedule.retry(), 0, 2);
        assert_within(schedule.cool_down(), 30, 30);
    }
}
