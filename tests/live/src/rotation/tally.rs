//! Counts of verifications during key rotations.
//!
//! Keys are numbered in the order of their use. The expected verdict depends on the keys that the verifier had seen when the
//! verification began, and on the keys that were dropped when it ended.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

const UNKNOWN_KEY: &str = "refused: unknown_key";

pub(super) struct Tally {
    /// The time in which tokens of a new key may be rejected, since the verifier must not fetch.
    patience: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The first use of each key.
    keys: Vec<Instant>,
    /// The newest key with an accepted token.
    seen: usize,
    /// Keys before this one are dropped.
    kept: usize,
    counts: Counts,
}

#[derive(Clone, Default)]
pub(super) struct Counts {
    pub(super) accepted: u64,
    /// Tokens of a new key, before the verifier was allowed to fetch it.
    pub(super) too_new: u64,
    /// Rejected tokens of a dropped key.
    pub(super) dropped: u64,
    /// Accepted tokens of a dropped key, although the verifier had fetched the set without it.
    pub(super) revived: u64,
    pub(super) lost: u64,
    pub(super) first_lost: Option<String>,
    /// The delay between first use and acceptance of each further key.
    pub(super) delays: Vec<Duration>,
    /// Tokens with a made-up `kid`.
    pub(super) made_up: u64,
    /// The first unexpected verdict on such a token.
    pub(super) first_surprise: Option<String>,
}

/// A running verification.
pub(super) struct Begun {
    key: usize,
    at: Instant,
    seen: usize,
}

impl Tally {
    /// Starts with one key, which the verifier has.
    pub(super) fn new(patience: Duration) -> Self {
        let state = State { keys: vec![Instant::now()], ..State::default() };
        Tally { patience, state: Mutex::new(state) }
    }

    /// Call this before the keys are dropped. Rejections of their tokens are expected from then on.
    pub(super) fn drops_old_keys(&self) {
        let mut state = self.state();
        state.kept = state.keys.len();
    }

    /// Call this when another key is in use, before its first token is verified.
    pub(super) fn new_key(&self) {
        self.state().keys.push(Instant::now());
    }

    /// The current signing key.
    pub(super) fn newest(&self) -> usize {
        self.state().keys.len() - 1
    }

    pub(super) fn has_seen_newest(&self) -> bool {
        let state = self.state();
        state.seen + 1 == state.keys.len()
    }

    pub(super) fn begin(&self, key: usize) -> Begun {
        Begun { key, at: Instant::now(), seen: self.state().seen }
    }

    pub(super) fn end(&self, begun: &Begun, verdict: &str) {
        let mut state = self.state();
        let State { keys, seen, kept, counts } = &mut *state;
        let dropped = begun.key < *kept;
        let came = keys[begun.key];
        if verdict.starts_with("accepted") {
            let revived = dropped && begun.seen >= *kept;
            *(if revived { &mut counts.revived } else { &mut counts.accepted }) += 1;
            if begun.key > *seen {
                *seen = begun.key;
                counts.delays.push(came.elapsed());
            }
        } else if verdict == UNKNOWN_KEY && dropped {
            counts.dropped += 1;
        } else if verdict == UNKNOWN_KEY && begun.key > begun.seen && begun.at < came + self.patience {
            counts.too_new += 1;
        } else {
            counts.lost += 1;
            let age = came.elapsed().as_secs_f32();
            counts.first_lost.get_or_insert_with(|| format!("key {}, {age:.1} s old: {verdict}", begun.key));
        }
    }

    pub(super) fn end_made_up(&self, verdict: &str) {
        let counts = &mut self.state().counts;
        counts.made_up += 1;
        if verdict != UNKNOWN_KEY {
            counts.first_surprise.get_or_insert_with(|| verdict.to_owned());
        }
    }

    pub(super) fn counts(&self) -> Counts {
        self.state().counts.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCEPTED: &str = "accepted: svc, not in admin";

    #[test]
    fn a_published_key_that_was_seen_must_not_be_refused() {
        let tally = Tally::new(Duration::from_secs(60));
        tally.end(&tally.begin(0), ACCEPTED);
        tally.end(&tally.begin(0), UNKNOWN_KEY);
        tally.end(&tally.begin(0), "no verdict: unavailable");
        assert_eq!((tally.counts().accepted, tally.counts().lost), (1, 2));
    }

    #[test]
    fn a_new_key_may_be_refused_until_it_was_seen_or_patience_ends() {
        for (patience, expected) in [(60, (1, 1)), (0, (0, 2))] {
            let tally = Tally::new(Duration::from_secs(patience));
            tally.new_key();
            tally.end(&tally.begin(1), UNKNOWN_KEY);
            tally.end(&tally.begin(1), ACCEPTED);
            tally.end(&tally.begin(1), UNKNOWN_KEY);
            assert_eq!((tally.counts().too_new, tally.counts().lost), expected, "{patience}");
        }
    }

    #[test]
    fn a_dropped_key_must_be_refused_once_its_successor_was_seen() {
        let tally = Tally::new(Duration::ZERO);
        tally.drops_old_keys();
        tally.new_key();
        let early = tally.begin(0);
        tally.end(&tally.begin(0), UNKNOWN_KEY);
        tally.end(&tally.begin(1), ACCEPTED);
        tally.end(&tally.begin(0), ACCEPTED);
        tally.end(&early, ACCEPTED);
        let counts = tally.counts();
        assert_eq!((counts.accepted, counts.dropped, counts.revived, counts.lost), (2, 1, 1, 0));
    }
}
