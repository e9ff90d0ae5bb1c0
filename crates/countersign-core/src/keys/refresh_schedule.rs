//! The schedule of key fetches: refreshes, retries and cool-downs.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// The lifetime of a set whose answer states none.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(10 * 60);
/// The minimum lifetime. A shorter one in an answer is raised to this.
pub(crate) const MIN_LIFETIME: Duration = Duration::from_secs(60);
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// The pause after a first failure. It doubles with each failure, up to [`MAX_PAUSE`].
const MIN_PAUSE: Duration = Duration::from_secs(1);
const MAX_PAUSE: Duration = Duration::from_secs(60);
/// The cool-down: after a fetch that an unknown key caused has started, no unknown key causes another fetch for this
/// long.
pub(crate) const COOL_DOWN: Duration = Duration::from_secs(30);
/// The longest cool-down. A cool-down doubles each time such a fetch fails.
const MAX_COOL_DOWN: Duration = Duration::from_secs(2 * 60);
/// The longest `Retry-After` that is obeyed. New keys of the issuer stay unknown for that time.
const MAX_QUIET: Duration = Duration::from_secs(5 * 60);

/// The pauses of one issuer. They grow while its fetches fail.
///
/// Every pause except the first cool-down has jitter, so instances that start or fail together do not retry together.
pub(crate) struct RefreshSchedule {
    pause: Duration,
    cool_down: Duration,
}

impl RefreshSchedule {
    pub(crate) fn new() -> Self {
        Self { pause: MIN_PAUSE, cool_down: COOL_DOWN }
    }

    /// Resets the pauses after a success.
    pub(crate) fn reset(&mut self) {
        *self = Self::new();
    }

    /// The time from the request for a key set to the next refresh. It leaves time for several failures before
    /// `max_age`, the age at which the set is no longer used.
    pub(crate) fn refresh(&self, lifetime: Option<Duration>, max_age: Duration) -> Duration {
        let lifetime = lifetime.map_or(DEFAULT_LIFETIME, |lifetime| lifetime.clamp(MIN_LIFETIME, MAX_LIFETIME));
        lifetime.min(max_age).max(MIN_LIFETIME).mul_f64(jitter(0.75, 0.85))
    }

    /// The time from a failure to the next attempt. Each call doubles it, up to a limit.
    pub(crate) fn retry(&mut self) -> Duration {
        let pause = self.pause;
        self.pause = (pause * 2).min(MAX_PAUSE);
        pause.mul_f64(jitter(0.75, 1.25))
    }

    /// The cool-down after a failed fetch that an unknown key caused, counted from the start of that fetch. Each call
    /// doubles it, up to a limit.
    pub(crate) fn cool_down(&mut self) -> Duration {
        let cool_down = self.cool_down;
        self.cool_down = (cool_down * 2).min(MAX_COOL_DOWN);
        if cool_down == COOL_DOWN { cool_down } else { cool_down.mul_f64(jitter(0.75, 1.0)) }
    }

    /// The time without fetches after a `Retry-After`. It is slightly longer than requested, since the issuer may name
    /// the same second to every client.
    pub(crate) fn quiet(asked: Duration) -> Duration {
        asked.min(MAX_QUIET).mul_f64(jitter(1.0, 1.1))
    }
}

/// A random factor in this range. Not for secrets.
fn jitter(low: f64, high: f64) -> f64 {
    // The standard library gives each `RandomState` a different key, so no crate for random numbers is needed.
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
    #[test]
    fn jitter_is_spread_over_its_range() {
        let factors: Vec<f64> = (0..1_000).map(|_| jitter(0.75, 1.25)).collect();
        assert!(factors.iter().all(|factor| (0.75..=1.25).contains(factor)));
        for quarter in [0.75, 0.875, 1.0, 1.125] {
            let count = factors.iter().filter(|factor| (quarter..quarter + 0.125).contains(*factor)).count();
            assert!((150..=350).contains(&count), "{count} of 1000 from {quarter}");
        }
    }
}
