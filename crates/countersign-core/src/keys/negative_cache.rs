//! A bounded cache of keys that an issuer does not have.

use crate::keys::algorithm::Algorithm;
use crate::keys::refresh_schedule::COOL_DOWN;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{OptionsBuilder, UnitWeighter};
use std::hash::{BuildHasher, RandomState};
use tokio::time::Instant;

/// The number of keys that are remembered.
const CAPACITY: usize = 1024;

/// The keys that tokens named and that the issuer did not have when it was asked.
///
/// An entry is valid for one cool-down, even if a scheduled refresh found the key missing and no cool-down began. A
/// longer time would be unsafe: an attacker who guesses the name of the next key could have that key refused after a
/// rotation.
///
/// The cache holds a keyed hash of 64 bits for each name, so a flood of long names takes no more memory. It has one
/// shard and no reserved part for hot entries. So a flood evicts the oldest names first, and a new name only after
/// about a thousand others. Two names with the same hash share an entry. Then a token that names the second key is
/// rejected at once instead of after a fetch.
pub(crate) struct NegativeCache {
    hasher: RandomState,
    missing: Cache<u64, Instant, UnitWeighter, foldhash::fast::RandomState>,
}

impl NegativeCache {
    pub(crate) fn new() -> Self {
        let options = OptionsBuilder::new()
            .estimated_items_capacity(CAPACITY)
            .weight_capacity(CAPACITY as u64)
            // Entries end with the cool-down, so a frequently used entry is worth no more than a new one.
            .hot_allocation(0.0)
            .ghost_allocation(0.0)
            .shards(1)
            .build()
            .expect("the number and the weight of entries are set");
        let lifecycle = DefaultLifecycle::default();
        let missing = Cache::with_options(options, UnitWeighter, foldhash::fast::RandomState::default(), lifecycle);
        Self { hasher: RandomState::new(), missing }
    }

    pub(crate) fn remember(&self, kid: Option<&str>, algorithm: Algorithm) {
        self.missing.insert(self.name(kid, algorithm), Instant::now());
    }

    pub(crate) fn contains(&self, kid: Option<&str>, algorithm: Algorithm) -> bool {
        self.missing.get(&self.name(kid, algorithm)).is_some_and(|since| since.elapsed() < COOL_DOWN)
    }

    fn name(&self, kid: Option<&str>, algorithm: Algorithm) -> u64 {
        self.hasher.hash_one((kid, algorithm))
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
        missing.remember(Some("a"), Algorithm::ES256);
        assert!(missing.contains(Some("a"), Algorithm::ES256), "a second cool-down");
    }

    #[tokio::test]
    async fn a_flood_of_names_takes_no_more_memory() {
        let missing = NegativeCache::new();
        flood(&missing, 0..100_000);
        assert_eq!(missing.missing.len(), CAPACITY);
        let used = missing.missing.memory_used().total();
        assert!(used <= 72 * 1024, "{used} bytes");
        assert!(missing.contains(Some("99999"), Algorithm::ES256));
        assert!(!missing.contains(Some("1000"), Algorithm::ES256), "other names have its place by now");
    }

    #[tokio::test]
    async fn a_flood_pushes_out_a_new_name_only_after_a_thousand_others() {
        let missing = NegativeCache::new();
        flood(&missing, 0..10_000);
        missing.remember(Some("new"), Algorithm::ES256);
        flood(&missing, 10_000..11_000);
        assert!(missing.contains(Some("new"), Algorithm::ES256));
    }

    fn flood(missing: &NegativeCache, names: std::ops::Range<usize>) {
        for kid in names {
            missing.remember(Some(&kid.to_string()), Algorithm::ES256);
        }
    }
}
