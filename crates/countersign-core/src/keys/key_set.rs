//! An immutable set of an issuer's keys, and the choice of the one key that verifies a token.

use crate::error::{ConfigError, TokenError};
use crate::json::is_object;
use crate::keys::algorithm::{Algorithm, Algorithms};
use crate::keys::jwk::{Jwk, SkipReason, VerificationKey, parse_spki};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::fmt;
use std::sync::Arc;

/// The maximum number of keys in one set. Providers publish two to ten.
const MAX_KEYS: usize = 100;

/// The keys of one issuer. Each key is parsed once. A set never changes: a rotation replaces it with a new set.
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
    /// Keys read from PEM have no name, so each of them matches every `kid`.
    any_kid: bool,
}

/// A key that was skipped, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SkippedKey {
    /// The `kid`, if the key has a readable one.
    pub kid: Option<Box<str>>,
    /// The reason for skipping the key.
    pub reason: SkipReason,
}

impl KeySet {
    /// Reads a JWK set (RFC 7517 section 5). Unusable keys are skipped, each with its reason.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidJwks`] if the text is not a JWK set, or if the set has more than 100 keys.
    pub fn from_jwks(text: impl AsRef<[u8]>, allowed: Algorithms) -> Result<Self, ConfigError> {
        // Each key is parsed separately from its own text, so one malformed key does not affect the others.
        #[derive(Deserialize)]
        struct Jwks<'a> {
            #[serde(borrow)]
            keys: Vec<&'a RawValue>,
        }
        let text = text.as_ref();
        let jwks = is_object(text).then(|| serde_json::from_slice(text).ok()).flatten();
        let Some(Jwks { keys: members }) = jwks else {
            return Err(ConfigError::InvalidJwks("it is not a JSON object with an array `keys`"));
        };
        if members.len() > MAX_KEYS {
            return Err(ConfigError::InvalidJwks("it has more than 100 keys"));
        }
        let mut set = Self { keys: Vec::with_capacity(members.len()), skipped: Vec::new(), any_kid: false };
        for member in members {
            let parsed = match Jwk::read(member.get()) {
                Ok(jwk) => {
                    let kid = jwk.kid.clone();
                    jwk.parse(allowed).map_err(|reason| SkippedKey { kid, reason })
                }
                Err(reason) => Err(SkippedKey { kid: None, reason }),
            };
            match parsed {
                Ok(key) => set.keys.push(Arc::new(key)),
                Err(skipped) => set.skipped.push(skipped),
            }
        }
        Ok(set)
    }

    /// Reads public keys in PEM (`BEGIN PUBLIC KEY`), at most one for each algorithm. PEM has no `kid`, so the keys
    /// match every `kid`.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidPem`] if a block is not a public key.
    pub fn from_pem(text: impl AsRef<[u8]>, allowed: Algorithms) -> Result<Self, ConfigError> {
        let blocks = pem::parse_many(text).map_err(|_| ConfigError::InvalidPem("the text is not in PEM format"))?;
        if blocks.is_empty() {
            return Err(ConfigError::InvalidPem("the text holds no PEM block"));
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

    /// True if there is no usable key.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The usable keys, for diagnosis. Each has its `kid` and the algorithms that it verifies.
    pub fn iter(&self) -> impl Iterator<Item = (Option<&str>, Vec<Algorithm>)> {
        self.keys.iter().map(|key| (key.kid.as_deref(), key.algorithms().collect()))
    }

    /// The skipped keys, for diagnosis.
    pub fn skipped(&self) -> &[SkippedKey] {
        &self.skipped
    }

    /// Replaces an older set and returns the new one, with true if the two differ. Keys in both sets stay the same
    /// objects. Keys that are gone are marked as retired, since cached tokens still refer to them.
    pub(crate) fn replacing(self: Arc<Self>, older: &Arc<Self>) -> (Arc<Self>, bool) {
        if Arc::ptr_eq(&self, older) {
            return (self, false);
        }
        let same = |key: &Arc<VerificationKey>| older.keys.iter().find(|other| **other == *key).unwrap_or(key).clone();
        let keys: Vec<_> = self.keys.iter().map(same).collect();
        let is_in = |keys: &[Arc<VerificationKey>], key| keys.iter().any(|other| Arc::ptr_eq(other, key));
        for gone in older.keys.iter().filter(|key| !is_in(&keys, key)) {
            gone.retire();
        }
        let has_changed = keys.len() != older.keys.len() || !keys.iter().all(|key| is_in(&older.keys, key));
        (Arc::new(Self { keys, skipped: self.skipped.clone(), any_kid: self.any_kid }), has_changed)
    }

    /// True if two keys match the same tokens. Neither of them is ever chosen.
    pub(crate) fn is_ambiguous(&self) -> bool {
        self.keys.iter().any(|key| {
            let kid = key.kid.as_deref();
            key.algorithms().any(|algorithm| matches!(self.select(kid, algorithm), Err(TokenError::AmbiguousKey)))
        })
    }

    /// Finds the one key for a token with this `kid` and `alg`.
    ///
    /// The `kid` is compared exactly (RFC 7517 section 4.5). A token without a `kid` needs exactly one matching key.
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
            // Quoted and escaped, since a `kid` may hold any character.
            Some(kid) => write!(f, "key {kid:?} skipped: {}", self.reason),
            None => write!(f, "key without `kid` skipped: {}", self.reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_an_object_with_one_array_of_keys() {
        let is_set = |text: &str| KeySet::from_jwks(text, Algorithms::default()).is_ok();
        for text in [r#"{"keys":[]}"#, "\n {\"keys\":[],\"more\":[1]}", r#"{"keys":[[],1,null,{}]}"#] {
            assert!(is_set(text), "{text}");
        }
        for text in [
            "",
            "[]",
            "[[]]",
            " [[{}]]",
            r#"[{"keys":[]}]"#,
            r#"{"keys":[],"keys":[]}"#,
            r#"{"keys":[],"\u006beys":[]}"#,
            r#"{"keys":{}}"#,
            r#"{"keys":null}"#,
            r#"{"Keys":[]}"#,
            r#"{"keys":[]}]"#,
            "\u{feff}{\"keys\":[]}",
            "\u{c}{\"keys\":[]}",
        ] {
            assert!(!is_set(text), "{text}");
        }
    }

    /// A key in PEM, as OpenSSL writes it.
    fn pem_of_rsa(modulus: &[u8], exponent: &[u8]) -> String {
        let element = |tag: u8, content: &[u8]| {
            let length = u16::try_from(content.len()).unwrap().to_be_bytes();
            match content.len() {
                0..=0x7f => [&[tag, length[1]], content].concat(),
                0x80..=0xff => [&[tag, 0x81, length[1]], content].concat(),
                _ => [&[tag, 0x82, length[0], length[1]], content].concat(),
            }
        };
        let algorithm = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1, 5, 0];
        let key = [element(2, &[&[0], modulus].concat()), element(2, exponent)].concat();
        let bits = element(3, &[&[0], &*element(0x30, &key)].concat());
        pem::encode(&pem::Pem::new("PUBLIC KEY", element(0x30, &[&algorithm[..], &bits].concat())))
    }

    /// RSA keys in PEM meet the same rules as those in a JWK set.
    #[test]
    fn weak_rsa_keys_are_skipped_in_pem_too() {
        const ROCA: &str = "z5xeplsnD3kyoD6p_JS0fiADhgdCYp7lUqJI9k9uCjgw5ILdyY_vX85Zic9nDbrErxBN0ZpOGd7T4aNSPbxjntz8rj4Hev2NYpBa\
        -T4mX54HacW6BZgm2N5-K7DtcZnwRbtJU_nPCARShYdJCLMZLcp9YmEyQKc2186ZtolOz-kN_6d1zZa6hnh1Ap9zUSJxW8uRXFQk\
        VMnXUwtgMeapAQJ01NtRt7-b5teEsG-GFRGaTDySEi5J9eCZNN6DrZ2NZ-E3S3-1Egx6nIlC_LBuVB6RlMlgS_whSxDapKlC-ITo\
        eX0VCkt-aPGLnOxAulLHOLACD4ZPcdo3dEMxJKUFqw";
        let weak = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(ROCA).unwrap();
        let sound = {
            let mut n = weak.clone();
            n[255] ^= 2;
            n
        };
        let small = {
            let mut n = sound.clone();
            n[0] = 1;
            n
        };
        for (modulus, exponent, reason) in
            [(&sound, &[1, 0, 1][..], None), (&sound, &[3], None), (&weak, &[1, 0, 1], Some(SkipReason::Roca))]
        {
            let set = KeySet::from_pem(pem_of_rsa(modulus, exponent), Algorithms::default()).unwrap();
            let skipped: Vec<SkipReason> = set.skipped().iter().map(|skipped| skipped.reason).collect();
            assert_eq!((set.len(), skipped), (usize::from(reason.is_none()), Vec::from_iter(reason)), "{exponent:?}");
        }
        // aws-lc refuses all of these, so the set has no keys.
        let exponents: [&[u8]; 5] = [&[1], &[2], &[1, 0, 0], &[4, 0, 0, 0, 1], &[1, 0, 0, 0, 0, 0, 0, 0, 1]];
        for (modulus, exponent) in
            exponents.map(|exponent| (&sound, exponent)).into_iter().chain([(&small, &[1, 0, 1][..])])
        {
            let set = KeySet::from_pem(pem_of_rsa(modulus, exponent), Algorithms::default()).unwrap();
            assert!(set.is_empty() && set.skipped().len() == 1, "{exponent:?}");
        }
    }
}
