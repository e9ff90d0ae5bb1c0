//! The cache of verified tokens.
//!
//! A client sends the same token with each of its requests. Between two requests only the time and the issuer's keys
//! can change the verdict. (Revocation is checked separately, on each request.) So the verdict is cached under the
//! whole token: a keyed hash finds the entry, and then the full text is compared. A refusal is never cached.

use crate::clock::UnixTime;
use crate::verified::provenance::TokenScale;
use crate::verified::token::VerifiedToken;
use foldhash::quality::RandomState;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{Equivalent, OptionsBuilder, Weighter};
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::time::Duration;

/// The default size of the cache, in bytes.
const DEFAULT_BYTES: usize = 64 * 1024 * 1024;
/// The default for the longest time that a verdict is cached.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(5 * 60);
/// The smallest useful size. A smaller cache cannot hold one token of the maximum length.
const MIN_BYTES: usize = 64 * 1024;
/// The memory that the cache itself needs for a token: its slot, and its share of the tables and of the memory of
/// evicted tokens.
const BOOK_KEEPING: usize = 128;
/// An estimate of the memory for a token, including everything that belongs to it.
const USUAL_TOKEN: usize = 2 * 1024;

/// The limits of the cache.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CacheLimits {
    pub(crate) bytes: usize,
    pub(crate) lifetime: Duration,
}

impl Default for CacheLimits {
    fn default() -> Self {
        Self { bytes: DEFAULT_BYTES, lifetime: DEFAULT_LIFETIME }
    }
}

pub(crate) struct TokenCache<S = RandomState> {
    tokens: Cache<ByText, VerifiedToken, Bytes, S>,
    lifetime: Duration,
}

impl TokenCache {
    /// `None` if the limits allow no cache.
    pub(crate) fn new(limits: CacheLimits) -> Option<Self> {
        Self::with_hasher(limits, RandomState::default())
    }
}

impl<S: BuildHasher + Clone + Send + Sync> TokenCache<S> {
    fn with_hasher(limits: CacheLimits, hasher: S) -> Option<Self> {
        if limits.bytes < MIN_BYTES || limits.lifetime.is_zero() {
            return None;
        }
        let options = OptionsBuilder::new()
            .estimated_items_capacity(limits.bytes / USUAL_TOKEN)
            .weight_capacity(limits.bytes as u64)
            .build()
            .ok()?;
        let tokens = Cache::with_options(options, Bytes, hasher, DefaultLifecycle::default());
        Some(Self { tokens, lifetime: limits.lifetime })
    }

    /// Finds the token, if it was verified before and is still valid.
    pub(crate) fn get(&self, token: &str, now: UnixTime) -> Option<VerifiedToken> {
        let known = self.tokens.get(token)?;
        if known.is_valid_at(now) {
            return Some(known);
        }
        // The entry is no longer valid, or must be verified again.
        self.tokens.remove(token);
        None
    }

    /// Caches a token that was verified just now.
    pub(crate) fn keep(&self, token: &VerifiedToken) {
        let kept = ByText::of(token);
        let bytes = kept.bytes;
        self.tokens.insert(kept, token.clone());
        // A rule may have passed the token on to code that has added claims to it since.
        if ByText::weight(token) != bytes {
            self.reweigh(token.raw());
        }
    }

    pub(crate) fn lifetime(&self) -> Duration {
        self.lifetime
    }
}

impl<S: BuildHasher + Clone + Send + Sync> TokenScale for TokenCache<S> {
    fn reweigh(&self, raw: &str) {
        while let Some(token) = self.tokens.peek(raw).filter(|token| std::ptr::eq(token.raw(), raw)) {
            let kept = ByText::of(&token);
            let bytes = kept.bytes;
            let _ = self.tokens.replace(kept, token.clone(), true);
            // If two tokens grow at once, each may overwrite the other's weight. The last one to look sees the weight
            // of both.
            if ByText::weight(&token) == bytes {
                return;
            }
        }
    }
}

impl<S: BuildHasher + Clone> fmt::Debug for TokenCache<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache")
            .field("tokens", &self.tokens.len())
            .field("bytes", &self.tokens.weight())
            .finish_non_exhaustive()
    }
}

/// A token as its own key, so its text is not stored twice.
struct ByText {
    token: VerifiedToken,
    /// The weight at insertion. The cache relies on it not changing.
    bytes: usize,
}

impl ByText {
    fn of(token: &VerifiedToken) -> Self {
        Self { token: token.clone(), bytes: Self::weight(token) }
    }

    fn weight(token: &VerifiedToken) -> usize {
        BOOK_KEEPING + token.bytes()
    }
}

impl Hash for ByText {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.token.raw().hash(state);
    }
}

impl PartialEq for ByText {
    fn eq(&self, other: &Self) -> bool {
        self.token.raw() == other.token.raw()
    }
}

impl Eq for ByText {}

impl Equivalent<ByText> for str {
    fn equivalent(&self, key: &ByText) -> bool {
        *self == *key.token.raw()
    }
}

#[derive(Clone)]
struct Bytes;

impl Weighter<ByText, VerifiedToken> for Bytes {
    fn weight(&self, kept: &ByText, _: &VerifiedToken) -> u64 {
        kept.bytes as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entitlements::provider::Entitlements;
    use crate::keys::algorithm::Algorithms;
    use crate::keys::key_set::KeySet;
    use crate::principal::Principal;
    use crate::principal::name_set::NameSet;
    use crate::verified::merged_principal::Merged;
    use crate::verified::token::{Assertion, TokenIds, Verdict};
    use std::sync::Arc;

    const JWKS: &str =
        r#"{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

    fn token(text: &str) -> VerifiedToken {
        let keys = KeySet::from_jwks(JWKS, Algorithms::default()).unwrap();
        let key = Arc::clone(keys.select(None, crate::Algorithm::EdDSA).unwrap());
        let verdict = Verdict { key, expires: UnixTime::MAX, since: UnixTime::EPOCH, until: UnixTime::MAX };
        let principal = Principal {
            issuer: "https://idp.example".into(),
            issuer_name: "idp".into(),
            subject: text.into(),
            username: None,
            email: None,
            tenant: None,
            scopes: NameSet::default(),
            groups: NameSet::default(),
            roles: NameSet::default(),
            permissions: NameSet::default(),
            groups_left_out: None,
            is_machine: false,
        };
        let assertion = Assertion::new(text, principal, TokenIds::default(), verdict, Arc::default());
        VerifiedToken::assertion(assertion, String::new())
    }

    /// The same hash for everything.
    #[derive(Clone, Default)]
    struct Colliding;

    impl BuildHasher for Colliding {
        type Hasher = Self;

        fn build_hasher(&self) -> Self {
            Self
        }
    }

    impl Hasher for Colliding {
        fn finish(&self) -> u64 {
            42
        }

        fn write(&mut self, _: &[u8]) {}
    }

    #[test]
    fn tokens_of_one_hash_are_told_apart() {
        let cache = TokenCache::with_hasher(CacheLimits::default(), Colliding).unwrap();
        for text in ["a", "b", "c"] {
            cache.keep(&token(text));
        }
        for text in ["a", "b", "c"] {
            let found = cache.get(text, UnixTime::from_secs(1)).unwrap();
            assert_eq!((found.raw(), found.principal().subject()), (text, text));
        }
        assert!(cache.get("d", UnixTime::from_secs(1)).is_none());
    }

    #[test]
    fn a_token_that_grows_is_weighed_again() {
        let cache = TokenCache::new(CacheLimits::default()).unwrap();
        let (known, stranger) = (token("a"), token("a"));
        cache.keep(&known);
        let before = cache.tokens.weight();
        let names: Vec<String> = (0..1_000).map(|number| format!("group-{number}")).collect();
        let grants = Entitlements { groups: names.iter().map(String::as_str).collect(), ..Entitlements::default() };
        for token in [&stranger, &known] {
            token.keep_merged(Arc::new(Merged::new(token.principal(), &grants, UnixTime::EPOCH..UnixTime::MAX, 0)));
        }
        cache.reweigh(stranger.raw());
        assert_eq!(cache.tokens.weight(), before, "it is another one");
        cache.reweigh(known.raw());
        assert!(cache.tokens.weight() > before + 10_000, "{cache:?}");
        let found = cache.get("a", UnixTime::from_secs(1)).unwrap();
        assert!(std::ptr::eq(found.raw(), known.raw()));
    }

    #[test]
    fn the_bound_holds_however_many_tokens_come() {
        let limits = CacheLimits { bytes: 1024 * 1024, ..CacheLimits::default() };
        let cache = TokenCache::new(limits).unwrap();
        for number in 0..5_000 {
            cache.keep(&token(&format!("{number:0>700}")));
            assert!(cache.tokens.weight() <= 1024 * 1024);
        }
        assert!(cache.tokens.len() > 300, "{cache:?}");
    }
}
