//! An immutable set of an issuer's keys, and the choice of exactly one.

use crate::algorithm::{Algorithm, Algorithms};
use crate::error::{ConfigError, TokenError};
use crate::jwk::{Jwk, SkipReason, VerificationKey, parse_spki};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::fmt;
use std::sync::Arc;

/// The most keys of one set. Providers publish two to ten.
const MAX_KEYS: usize = 100;

/// The keys of one issuer, parsed once. It never changes: a rotation makes a new one.
///
/// # Example
///
/// ```
/// use countersign_core::{Algorithms, KeySet};
///
/// let set = KeySet::from_jwks(r#"{"keys":[{"kty":"oct","k":"AA"}]}"#, Algorithms::default())?;
/// assert_eq!((set.len(), set.skipped().len()), (0, 1));
/// # Ok::<(), countersign_core::ConfigError>(())
/// ```
#[derive(Debug, Default)]
pub struct KeySet {
    keys: Vec<Arc<VerificationKey>>,
    skipped: Vec<SkippedKey>,
    /// Keys out of PEM have no name, so they stand for every `kid`.
    any_kid: bool,
}

/// A key that is not used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedKey {
    /// The `kid`, where it has one that can be read.
    pub kid: Option<Box<str>>,
    /// Why it is not used.
    pub reason: SkipReason,
}

impl KeySet {
    /// Reads a JWK set (RFC 7517 section 5). Keys that cannot be used are skipped, each with its reason.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidJwks`] when it is no JWK set at all, or one of more than 100 keys.
    pub fn from_jwks(text: impl AsRef<[u8]>, allowed: Algorithms) -> Result<Self, ConfigError> {
        // Each key is cut out as text and read on its own, so that one odd key never spoils the others.
        #[derive(Deserialize)]
        struct Jwks<'a> {
            #[serde(borrow)]
            keys: Vec<&'a RawValue>,
        }
        let text = text.as_ref();
        // A derived type takes an array for an object, too.
        let is_object = text.trim_ascii_start().starts_with(b"{");
        let Some(Jwks { keys: members }) = serde_json::from_slice(text).ok().filter(|_| is_object) else {
            return Err(ConfigError::InvalidJwks("it is not a JSON object with an array `keys`"));
        };
        if members.len() > MAX_KEYS {
            return Err(ConfigError::InvalidJwks("it has more than 100 keys"));
        }
        let mut set = Self { keys: Vec::with_capacity(members.len()), skipped: Vec::new(), any_kid: false };
        for member in members {
            let parsed = match serde_json::from_str::<Jwk>(member.get()) {
                Ok(jwk) => {
                    let kid = jwk.kid.clone();
                    jwk.parse(allowed).map_err(|reason| SkippedKey { kid, reason })
                }
                Err(_) => Err(SkippedKey { kid: None, reason: SkipReason::Malformed }),
            };
            match parsed {
                Ok(key) => set.keys.push(Arc::new(key)),
                Err(skipped) => set.skipped.push(skipped),
            }
        }
        Ok(set)
    }

    /// Reads public keys in PEM (`BEGIN PUBLIC KEY`), one for each algorithm. They have no `kid`, so they serve for every
    /// one.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidPem`] when a block is not a public key.
    pub fn from_pem(text: impl AsRef<[u8]>, allowed: Algorithms) -> Result<Self, ConfigError> {
        let blocks = pem::parse_many(text).map_err(|_| ConfigError::InvalidPem("it is not PEM"))?;
        if blocks.is_empty() {
            return Err(ConfigError::InvalidPem("it holds no block"));
        }
        let mut set = Self { keys: Vec::with_capacity(blocks.len()), skipped: Vec::new(), any_kid: true };
        for block in blocks {
            if block.tag() != "PUBLIC KEY" {
                return Err(ConfigError::InvalidPem("use `BEGIN PUBLIC KEY` blocks (SubjectPublicKeyInfo)"));
            }
            match parse_spki(block.contents(), allowed) {
                Ok(key) => set.keys.push(Arc::new(key)),
                Err(reason) => set.skipped.push(SkippedKey { kid: None, reason }),
            }
        }
        Ok(set)
    }

    /// The number of usable keys.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no usable key.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The usable keys, for diagnosis: the `kid` of each, and the algorithms that it verifies.
    pub fn iter(&self) -> impl Iterator<Item = (Option<&str>, Vec<Algorithm>)> {
        self.keys.iter().map(|key| (key.kid.as_deref(), key.algorithms().collect()))
    }

    /// The keys that are not used, for diagnosis.
    pub fn skipped(&self) -> &[SkippedKey] {
        &self.skipped
    }

    /// Takes the place of an older set: keys that were in it stay the very same, and those that are gone are marked so, for
    /// whoever still holds them. Tells whether the sets differ.
    pub(crate) fn succeed(self: Arc<Self>, older: &Arc<Self>) -> (Arc<Self>, bool) {
        if Arc::ptr_eq(&self, older) {
            return (self, false);
        }
        let same = |key: &Arc<VerificationKey>| older.keys.iter().find(|other| **other == *key).unwrap_or(key).clone();
        let keys: Vec<_> = self.keys.iter().map(same).collect();
        let is_in = |keys: &[Arc<VerificationKey>], key| keys.iter().any(|other| Arc::ptr_eq(other, key));
        for gone in older.keys.iter().filter(|key| !is_in(&keys, key)) {
            gone.leave();
        }
        let has_changed = keys.len() != older.keys.len() || !keys.iter().all(|key| is_in(&older.keys, key));
        (Arc::new(Self { keys, skipped: self.skipped.clone(), any_kid: self.any_kid }), has_changed)
    }

    /// Whether two keys would both do for some token, so that neither is ever chosen.
    pub(crate) fn is_ambiguous(&self) -> bool {
        self.keys.iter().any(|key| {
            let kid = key.kid.as_deref();
            key.algorithms().any(|algorithm| matches!(self.select(kid, algorithm), Err(TokenError::AmbiguousKey)))
        })
    }

    /// The one key for a token of this `kid` and `alg`.
    ///
    /// A `kid` is compared to the letter (RFC 7517 section 4.5). Without one there must be just one candidate.
    pub(crate) fn select(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<&Arc<VerificationKey>, TokenError> {
        let mut candidates = self
            .keys
            .iter()
            .filter(|key| key.verifies(algorithm) && (self.any_kid || kid.is_none() || key.kid.as_deref() == kid));
        let first = candidates.next().ok_or(TokenError::UnknownKey)?;
        if candidates.all(|other| other.same_material(first)) { Ok(first) } else { Err(TokenError::AmbiguousKey) }
    }
}

impl fmt::Display for SkippedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kid {
            // Quoted and escaped: a name may hold anything.
            Some(kid) => write!(f, "key {kid:?} skipped: {}", self.reason),
            None => write!(f, "key without `kid` skipped: {}", self.reason),
        }
    }
}
