//! Parses one JWK into a key, or gives the reason to skip it (RFC 7517, RFC 7518, RFC 8037).

use crate::json::is_object;
use crate::keys::algorithm::{Algorithm, Algorithms, KeyType, Verification};
use crate::keys::roca::has_roca_mark;
use crate::keys::spki;
use aws_lc_rs::signature::{ParsedPublicKey, RsaPublicKeyComponents};
use base64_simd::URL_SAFE_NO_PAD;
use curve25519_dalek::edwards::CompressedEdwardsY;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

/// The reason why a key of a set is skipped. The other keys of the set are still used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SkipReason {
    /// A member is missing, has the wrong type, occurs twice or is not base64url.
    #[error("malformed")]
    Malformed,
    /// `kty` or `crv` is not supported.
    #[error("unknown type or curve")]
    UnknownType,
    /// `use` or `key_ops` says that it is not for verifying signatures.
    #[error("not for verifying signatures")]
    NotForVerifying,
    /// A secret key, which must never be published. It is a symmetric key (`oct`), or it has a member of the private
    /// half of any type of key (`d`, `p`, `q`, `dp`, `dq`, `qi`, `oth`, `priv`, `k`).
    #[error("a secret key must not be in a key set")]
    Secret,
    /// `alg` is unknown or does not fit the type of the key.
    #[error("`alg` is unknown or does not fit the key")]
    AlgorithmMismatch,
    /// None of the key's algorithms is on the issuer's allow-list.
    #[error("algorithm not on the allow-list")]
    NotAllowed,
    /// An RSA key below 2048 or above 8192 bits, or with an exponent that is 1, even or too large.
    #[error("weak or oversized RSA key")]
    WeakRsa,
    /// An RSA key from a broken generator, whose modulus can be factored (ROCA, CVE-2017-15361).
    #[error("RSA key of a broken generator (ROCA, CVE-2017-15361)")]
    Roca,
    /// A point off the curve, of the wrong length, or of small order.
    #[error("invalid point")]
    InvalidPoint,
}

/// A public key, parsed once for each of its algorithms.
pub(crate) struct VerificationKey {
    pub(crate) kid: Option<Box<str>>,
    issuer: Option<Box<str>>,
    parsed: Vec<(Algorithm, ParsedPublicKey)>,
    is_retired: AtomicBool,
}

impl VerificationKey {
    fn new(kid: Option<Box<str>>, issuer: Option<Box<str>>, parsed: Vec<(Algorithm, ParsedPublicKey)>) -> Self {
        Self { kid, issuer, parsed, is_retired: AtomicBool::new(false) }
    }

    /// Makes a placeholder that verifies nothing.
    #[cfg(feature = "dangerous-unsigned")]
    pub(crate) fn of_nobody() -> Self {
        Self::new(None, None, Vec::new())
    }

    /// The issuer that the key belongs to, if one set serves many issuers. Entra ID has this member in each key, and
    /// requires the check (<https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-issuer>).
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// Marks a key that the issuer no longer publishes. Tokens that it verified are no longer valid.
    pub(crate) fn retire(&self) {
        self.is_retired.store(true, Ordering::Release);
    }

    pub(crate) fn is_retired(&self) -> bool {
        self.is_retired.load(Ordering::Acquire)
    }

    pub(crate) fn verifies(&self, algorithm: Algorithm) -> bool {
        self.parsed(algorithm).is_some()
    }

    /// Checks a signature. False for an algorithm that the key was not published for.
    // A separate function, so that profiles and instruction counts can separate the cryptography from our own code.
    #[inline(never)]
    pub(crate) fn verify(&self, algorithm: Algorithm, message: &str, signature: &[u8]) -> bool {
        self.parsed(algorithm).is_some_and(|key| key.verify_sig(message.as_bytes(), signature).is_ok())
    }

    pub(crate) fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.parsed.iter().map(|(algorithm, _)| *algorithm)
    }

    /// True if both have the same key material.
    pub(crate) fn same_material(&self, other: &Self) -> bool {
        self.material() == other.material()
    }

    fn material(&self) -> Option<&[u8]> {
        self.parsed.first().map(|(_, key)| key.as_ref())
    }

    fn parsed(&self, algorithm: Algorithm) -> Option<&ParsedPublicKey> {
        self.parsed.iter().find(|(other, _)| *other == algorithm).map(|(_, key)| key)
    }
}

/// Compares keys in full: the same material under another name, or for other algorithms, is a different key.
impl PartialEq for VerificationKey {
    fn eq(&self, other: &Self) -> bool {
        self.kid == other.kid
            && self.issuer == other.issuer
            && self.algorithms().eq(other.algorithms())
            && self.same_material(other)
    }
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerificationKey")
            .field("kid", &self.kid)
            .field("algorithms", &self.algorithms().collect::<Vec<_>>())
            .finish()
    }
}

/// The members of a JWK that are used. `x5c`, `x5t` and every other member are ignored.
#[derive(Deserialize)]
pub(crate) struct Jwk {
    kty: String,
    pub(crate) kid: Option<Box<str>>,
    issuer: Option<Box<str>>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    // The private members of all types of keys (RFC 7518 section 6, RFC 9964). If one of them is present, a secret was
    // published.
    d: Option<IgnoredAny>,
    p: Option<IgnoredAny>,
    q: Option<IgnoredAny>,
    dp: Option<IgnoredAny>,
    dq: Option<IgnoredAny>,
    qi: Option<IgnoredAny>,
    oth: Option<IgnoredAny>,
    r#priv: Option<IgnoredAny>,
    k: Option<IgnoredAny>,
}

impl Jwk {
    /// Reads the text of one JWK.
    pub(crate) fn read(text: &str) -> Result<Self, SkipReason> {
        // A derived `Deserialize` would also accept an array in place of an object.
        let jwk = is_object(text.as_bytes()).then(|| serde_json::from_str(text).ok());
        jwk.flatten().ok_or(SkipReason::Malformed)
    }

    fn is_secret(&self) -> bool {
        let Self { d, p, q, dp, dq, qi, oth, r#priv, k, .. } = self;
        self.kty == "oct" || [d, p, q, dp, dq, qi, oth, r#priv, k].into_iter().any(Option::is_some)
    }

    /// Parses the key for each of its algorithms that is `allowed`.
    pub(crate) fn parse(self, allowed: Algorithms) -> Result<VerificationKey, SkipReason> {
        if self.is_secret() {
            return Err(SkipReason::Secret);
        }
        if self.usage.as_deref().is_some_and(|usage| usage != "sig")
            || self.key_ops.as_ref().is_some_and(|ops| !ops.iter().any(|op| op == "verify"))
        {
            return Err(SkipReason::NotForVerifying);
        }
        let material = self.material()?;
        let key_type = material.key_type();
        let published: Algorithms = match self.alg.as_deref() {
            // Entra ID and lemonldap-ng publish no `alg`. Then the key is used for every algorithm that fits its type
            // and that the issuer's allow-list contains.
            None => Algorithm::all().filter(|algorithm| algorithm.key_type() == key_type).collect(),
            Some(name) => match Algorithm::from_name(name) {
                Some(algorithm) if algorithm.key_type() == key_type => [algorithm].into_iter().collect(),
                _ => return Err(SkipReason::AlgorithmMismatch),
            },
        };
        let parsed = published
            .iter()
            .filter(|&algorithm| allowed.contains(algorithm))
            .map(|algorithm| Ok((algorithm, material.parse(algorithm)?)))
            .collect::<Result<Vec<_>, SkipReason>>()?;
        if parsed.is_empty() {
            return Err(SkipReason::NotAllowed);
        }
        Ok(VerificationKey::new(self.kid, self.issuer, parsed))
    }

    fn material(&self) -> Result<Material, SkipReason> {
        let curve = |key_type, length| {
            let (x, y) = (coordinate(&self.x, length)?, coordinate(&self.y, length)?);
            Ok(Material::Point(key_type, [&[4], &*x, &*y].concat()))
        };
        match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => Material::rsa(&bytes(&self.n)?, &bytes(&self.e)?),
            ("EC", Some("P-256")) => curve(KeyType::P256, 32),
            ("EC", Some("P-384")) => curve(KeyType::P384, 48),
            ("EC", Some("P-521")) => curve(KeyType::P521, 66),
            ("OKP", Some("Ed25519")) => {
                let point = coordinate(&self.x, 32)?;
                if is_good_point(&point) {
                    Ok(Material::Point(KeyType::Ed25519, point))
                } else {
                    Err(SkipReason::InvalidPoint)
                }
            }
            _ => Err(SkipReason::UnknownType),
        }
    }
}

/// Parses the key of a SubjectPublicKeyInfo (RFC 5280) for each algorithm that fits it and is `allowed`.
pub(crate) fn parse_spki(der: &[u8], allowed: Algorithms) -> Result<VerificationKey, SkipReason> {
    let mut parsed = Vec::new();
    for algorithm in Algorithm::all() {
        let Ok(key) = parse(algorithm, der) else { continue };
        match algorithm.key_type() {
            KeyType::Rsa => {
                let (n, e) = spki::rsa_numbers(der).ok_or(SkipReason::Malformed)?;
                Material::rsa(n, e)?;
            }
            KeyType::Ed25519 if !der.last_chunk::<32>().is_some_and(|point| is_good_point(point)) => {
                return Err(SkipReason::InvalidPoint);
            }
            _ => {}
        }
        parsed.push((algorithm, key));
    }
    if parsed.is_empty() {
        return Err(SkipReason::UnknownType);
    }
    parsed.retain(|(algorithm, _)| allowed.contains(*algorithm));
    if parsed.is_empty() {
        return Err(SkipReason::NotAllowed);
    }
    Ok(VerificationKey::new(None, None, parsed))
}

enum Material {
    Rsa { n: Box<[u8]>, e: Box<[u8]> },
    Point(KeyType, Vec<u8>),
}

impl Material {
    fn rsa(n: &[u8], e: &[u8]) -> Result<Self, SkipReason> {
        // RFC 7518 section 6.3.1.1 warns that some implementations prepend a zero octet. It does not change the value.
        let (n, e) = (without_leading_zeros(n), without_leading_zeros(e));
        let bits = |number: &[u8]| number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize);
        let is_odd = |number: &[u8]| number.last().is_some_and(|last| last & 1 == 1);
        // An exponent above 33 bits makes every signature check slow, and no real key has one (65537 has 17 bits).
        let is_good_exponent = is_odd(e) && (2..=33).contains(&bits(e));
        if !(2048..=8192).contains(&bits(n)) || !is_odd(n) || !is_good_exponent {
            return Err(SkipReason::WeakRsa);
        }
        if has_roca_mark(n) {
            return Err(SkipReason::Roca);
        }
        Ok(Self::Rsa { n: n.into(), e: e.into() })
    }

    fn key_type(&self) -> KeyType {
        match self {
            Self::Rsa { .. } => KeyType::Rsa,
            Self::Point(key_type, _) => *key_type,
        }
    }

    fn parse(&self, algorithm: Algorithm) -> Result<ParsedPublicKey, SkipReason> {
        match (self, algorithm.verification()) {
            (Self::Rsa { n, e }, Verification::Rsa(parameters)) => {
                RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters).map_err(|_| SkipReason::WeakRsa)
            }
            (Self::Point(_, point), _) => parse(algorithm, point).map_err(|()| SkipReason::InvalidPoint),
            _ => Err(SkipReason::AlgorithmMismatch),
        }
    }
}

fn parse(algorithm: Algorithm, key: &[u8]) -> Result<ParsedPublicKey, ()> {
    match algorithm.verification() {
        Verification::Rsa(parameters) => ParsedPublicKey::new(parameters, key),
        Verification::Ec(parameters) => ParsedPublicKey::new(parameters, key),
        Verification::Ed25519(parameters) => ParsedPublicKey::new(parameters, key),
    }
    .map_err(|_| ())
}

fn bytes(member: &Option<String>) -> Result<Vec<u8>, SkipReason> {
    let text = member.as_deref().ok_or(SkipReason::Malformed)?;
    URL_SAFE_NO_PAD.decode_to_vec(text).map_err(|_| SkipReason::Malformed)
}

/// Reads a coordinate. It has the full length of the field, leading zeros included (RFC 7518 section 6.2.1.2).
fn coordinate(member: &Option<String>, length: usize) -> Result<Vec<u8>, SkipReason> {
    let bytes = bytes(member)?;
    if bytes.len() == length { Ok(bytes) } else { Err(SkipReason::InvalidPoint) }
}

fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|&&byte| byte == 0).count();
    &number[zeros..]
}

/// True for an Ed25519 point (RFC 8032 section 5.1.3) that is safe as a key. The check is needed because aws-lc accepts
/// any 32 bytes. Under a key of order 1, 2, 4 or 8, one signature fits many messages.
fn is_good_point(point: &[u8]) -> bool {
    let Ok(compressed) = CompressedEdwardsY::from_slice(point) else { return false };
    // A point has only one valid encoding, the reduced one.
    compressed.decompress().is_some_and(|point| !point.is_small_order() && point.compress() == compressed)
}
