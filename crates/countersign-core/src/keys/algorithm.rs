//! The table of signature algorithms. No other place in the workspace lists them.

use aws_lc_rs::signature::{self, EcdsaVerificationAlgorithm, EdDSAParameters, RsaParameters};
use std::fmt;

/// A signature algorithm that Countersign verifies (RFC 7518 section 3.1, RFC 8037, RFC 9864).
///
/// HMAC algorithms and `none` have no variant. A token that names one of them is refused under any configuration.
///
/// # Example
///
/// ```
/// use countersign_core::Algorithm;
///
/// assert_eq!(Algorithm::from_name("Ed25519"), Some(Algorithm::EdDSA));
/// assert_eq!(Algorithm::from_name("HS256"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RS384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RS512,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// RSASSA-PSS with SHA-384.
    PS384,
    /// RSASSA-PSS with SHA-512.
    PS512,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// ECDSA on P-384 with SHA-384.
    ES384,
    /// ECDSA on P-521 with SHA-512.
    ES512,
    /// Ed25519, under its old name `EdDSA` (RFC 8037) and its new one, `Ed25519` (RFC 9864).
    EdDSA,
}

/// The verification of one algorithm, by type of key.
#[derive(Clone, Copy)]
pub(crate) enum Verification {
    Rsa(&'static RsaParameters),
    Ec(&'static EcdsaVerificationAlgorithm),
    Ed25519(&'static EdDSAParameters),
}

/// The type of key that an algorithm needs: `kty`, and `crv` if the type has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyType {
    Rsa,
    P256,
    P384,
    P521,
    Ed25519,
}

struct Row(Algorithm, &'static [&'static str], KeyType, Verification);

static TABLE: [Row; 10] = {
    use Algorithm::*;
    use Verification::{Ec, Ed25519, Rsa};
    [
        Row(RS256, &["RS256"], KeyType::Rsa, Rsa(&signature::RSA_PKCS1_2048_8192_SHA256)),
        Row(RS384, &["RS384"], KeyType::Rsa, Rsa(&signature::RSA_PKCS1_2048_8192_SHA384)),
        Row(RS512, &["RS512"], KeyType::Rsa, Rsa(&signature::RSA_PKCS1_2048_8192_SHA512)),
        Row(PS256, &["PS256"], KeyType::Rsa, Rsa(&signature::RSA_PSS_2048_8192_SHA256)),
        Row(PS384, &["PS384"], KeyType::Rsa, Rsa(&signature::RSA_PSS_2048_8192_SHA384)),
        Row(PS512, &["PS512"], KeyType::Rsa, Rsa(&signature::RSA_PSS_2048_8192_SHA512)),
        Row(ES256, &["ES256"], KeyType::P256, Ec(&signature::ECDSA_P256_SHA256_FIXED)),
        Row(ES384, &["ES384"], KeyType::P384, Ec(&signature::ECDSA_P384_SHA384_FIXED)),
        Row(ES512, &["ES512"], KeyType::P521, Ec(&signature::ECDSA_P521_SHA512_FIXED)),
        Row(EdDSA, &["EdDSA", "Ed25519"], KeyType::Ed25519, Ed25519(&signature::ED25519)),
    ]
};

impl Algorithm {
    /// Finds the algorithm with this JOSE `alg` value, compared exactly.
    pub fn from_name(name: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.1.contains(&name)).map(|row| row.0)
    }

    /// The JOSE `alg` value. It is `EdDSA` for Ed25519.
    pub fn name(self) -> &'static str {
        self.row().1[0]
    }

    /// Every algorithm, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.0)
    }

    pub(crate) fn key_type(self) -> KeyType {
        self.row().2
    }

    pub(crate) fn verification(self) -> Verification {
        self.row().3
    }

    fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An allow-list of algorithms. The default is RS256, ES256 and EdDSA, which providers sign with today.
///
/// # Example
///
/// ```
/// use countersign_core::{Algorithm, Algorithms};
///
/// let allowed = Algorithms::from_iter([Algorithm::PS256]);
/// assert!(!allowed.contains(Algorithm::RS256));
/// assert!(Algorithms::default().contains(Algorithm::RS256));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Algorithms(u16);

impl Algorithms {
    /// True if `algorithm` is on the list.
    pub fn contains(self, algorithm: Algorithm) -> bool {
        self.0 & (1 << algorithm as u16) != 0
    }

    /// True if the list is empty.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The algorithms on the list.
    pub fn iter(self) -> impl Iterator<Item = Algorithm> {
        Algorithm::all().filter(move |&algorithm| self.contains(algorithm))
    }
}

impl Default for Algorithms {
    fn default() -> Self {
        Self::from_iter([Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA])
    }
}

impl FromIterator<Algorithm> for Algorithms {
    fn from_iter<I: IntoIterator<Item = Algorithm>>(algorithms: I) -> Self {
        Self(algorithms.into_iter().fold(0, |bits, algorithm| bits | 1 << algorithm as u16))
    }
}

impl fmt::Debug for Algorithms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_stands_in_the_order_of_the_enum() {
        for (index, row) in TABLE.iter().enumerate() {
            assert_eq!(row.0 as usize, index, "{}", row.0);
        }
    }

    #[test]
    fn names_are_compared_to_the_letter() {
        for name in ["rs256", "RS256 ", "none", "None", "HS256", "ES256K", "Ed448", "ed25519", ""] {
            assert_eq!(Algorithm::from_name(name), None, "{name:?}");
        }
    }
}
