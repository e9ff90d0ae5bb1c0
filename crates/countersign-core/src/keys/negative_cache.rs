//! A bounded memory of keys that an issuer does not have.

use crate::keys::algorithm::Algorithm;
use crate::keys::refresh_schedule::COOL_DOWN;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use tokio::time::Instant;

/// How many are remembered, at 24 bytes each.
const SLOTS: usize = 1024;

/// The keys that tokens named and that the issuer, when asked, did not have: for one cool-down, even where the attempt that
/// showed it was merely due and began none. Not for longer, since who guesses the name of the next key could otherwise have
/// it refused when it comes.
///
/// A name is known by a keyed hash of 64 bits, and each has one slot, which the next name there takes over: a look costs
/// one comparison, a flood costs no memory, and nobody outside can tell which names share a slot. Should two names share
/// all 64 bits, one of them is refused at once where it would have waited.
pub(crate) struct NegativeCache {
    hasher: RandomState,
    slots: Mutex<Box<[Option<Missing>]>>,
}

#[derive(Clone, Copy)]
struct Missing {
    name: u64,
    since: Instant,
}

impl NegativeCache {
    pub(crate) fn new() -> Self {
        Self { hasher: RandomState::new(), slots: Mutex::new(vec![None; SLOTS].into()) }
    }

    pub(crate) fn remember(&self, kid: Option<&str>, algorithm: Algorithm) {
        let name = self.name(kid, algorithm);
        self.with_slot(name, |slot| *slot = Some(Missing { name, since: Instant::now() }));
    }

    pub(crate) fn contains(&self, kid: Option<&str>, algorithm: Algorithm) -> bool {
        let name = self.name(kid, algorithm);
        self.with_slot(name, |slot| {
            slot.is_some_and(|missing| missing.name == name && missing.since.elapsed() < COOL_DOWN)
        })
    }

    fn name(&self, kid: Option<&str>, algorithm: Algorithm) -> u64 {
        self.hasher.hash_one((kid, algorithm))
    }

    fn with_slot<T>(&self, name: u64, then: impl FnOnce(&mut Option<Missing>) -> T) -> T {
        // Only tokens that name no known key come here, and none waits while it holds this.
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        then(&mut slots[name as usize % SLOTS])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_missing_key_is_remembered_by_name_and_algorithm_for_one_cool_down() {
        let missing = NegativeCache::new();
        missing.remember(Some("a"), Algorithm::ES256);
        missing.remember(None, Algorithm::RS256);
        for (kid, algorithm, expected) in [
            (Some("a"), Algorithm::ES256, true),
            (Some("a"), Algorithm::RS256, false),
            (Some("b"), Algorithm::ES256, false),
            (None, Algorithm::RS256, true),
            (None, Algorithm::ES256, false),
        ] {
            assert_eq!(missing.contains(kid, algorithm), expected, "{kid:?} {algorithm}");
        }
        tokio::time::advance(COOL_DOWN).await;
        assert!(!missing.contains(Some("a"), Algorithm::ES256));
    }

    #[tokio::test]
    async fn a_flood_of_names_takes_no_more_memory() {
        let missing = NegativeCache::new();
        for kid in 0..100_000 {
            missing.remember(Some(&kid.to_string()), Algorithm::ES256);
        }
        assert_eq!(missing.slots.lock().unwrap().len(), SLOTS);
        assert!(missing.contains(Some("99999"), Algorithm::ES256));
        assert!(!missing.contains(Some("0"), Algorithm::ES256), "another name has its slot by now");
    }
}
