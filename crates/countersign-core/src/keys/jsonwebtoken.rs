//! Conversions between types of the crate `jsonwebtoken`, major version 11, and types of this crate. They call none of
//! its functions that sign or verify, so `jsonwebtoken` needs no cryptographic back end.

use crate::keys::algorithm::Algorithm;
use crate::keys::jwks::Jwks;
use jsonwebtoken::jwk::JwkSet;

/// Converts a `JwkSet` that the program has already parsed.
///
/// Each key is read as if it came from text. Symmetric keys (`oct`) and keys of unknown type are skipped, each with its
/// reason (see [`KeySet::skipped`](crate::KeySet::skipped)).
///
/// # Example
///
/// ```
/// use countersign_core::IssuerKeys;
/// use jsonwebtoken::jwk::JwkSet;
///
/// let set: JwkSet = serde_json::from_str(r#"{"keys":[]}"#)?;
/// let keys = IssuerKeys::jwks(&set);
/// # let _ = keys;
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// # Security
///
/// Pass the text of the set if you have it, since a `JwkSet` loses members. It loses `issuer`, which states in a set of
/// Entra ID whose tokens a key verifies. It loses the members of a private key that was published by mistake. It also
/// loses the algorithm names `ES512` and `Ed25519`, so keys with them are skipped.
impl From<&JwkSet> for Jwks {
    fn from(set: &JwkSet) -> Self {
        // Without a text, the verifier reports a set that is not JSON.
        Self::from(serde_json::to_vec(set).unwrap_or_default())
    }
}

/// Works like the conversion from `&JwkSet`.
impl From<JwkSet> for Jwks {
    fn from(set: JwkSet) -> Self {
        Self::from(&set)
    }
}

/// The reason why an algorithm has no counterpart in the other crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AlgorithmConversionError {
    /// HS256, HS384 or HS512. Everyone who can verify such a token can also issue one.
    #[error(
        "`{0:?}` signs with a shared secret, which every API would have to know: let the issuer sign with RS256, ES256 or EdDSA"
    )]
    SharedSecret(jsonwebtoken::Algorithm),
    /// An algorithm of `jsonwebtoken` that Countersign does not verify.
    #[error("`{0:?}` is not supported: let the issuer sign with RS256, ES256 or EdDSA")]
    Unsupported(jsonwebtoken::Algorithm),
    /// An algorithm that `jsonwebtoken` does not have, such as ES512.
    #[error("the crate `jsonwebtoken` has no algorithm `{0}`: use RS256, ES256 or EdDSA with it")]
    NoCounterpart(Algorithm),
}

/// # Example
///
/// ```
/// use countersign_core::Algorithm;
///
/// assert_eq!(Algorithm::try_from(jsonwebtoken::Algorithm::ES256), Ok(Algorithm::ES256));
/// assert!(Algorithm::try_from(jsonwebtoken::Algorithm::HS256).is_err());
/// ```
impl TryFrom<jsonwebtoken::Algorithm> for Algorithm {
    type Error = AlgorithmConversionError;

    fn try_from(algorithm: jsonwebtoken::Algorithm) -> Result<Self, Self::Error> {
        use jsonwebtoken::Algorithm::*;
        Ok(match algorithm {
            RS256 => Self::RS256,
            RS384 => Self::RS384,
            RS512 => Self::RS512,
            PS256 => Self::PS256,
            PS384 => Self::PS384,
            PS512 => Self::PS512,
            ES256 => Self::ES256,
            ES384 => Self::ES384,
            EdDSA => Self::EdDSA,
            HS256 | HS384 | HS512 => return Err(AlgorithmConversionError::SharedSecret(algorithm)),
            _ => return Err(AlgorithmConversionError::Unsupported(algorithm)),
        })
    }
}

/// # Example
///
/// ```
/// use countersign_core::Algorithm;
///
/// assert_eq!(jsonwebtoken::Algorithm::try_from(Algorithm::ES256), Ok(jsonwebtoken::Algorithm::ES256));
/// assert!(jsonwebtoken::Algorithm::try_from(Algorithm::ES512).is_err());
/// ```
impl TryFrom<Algorithm> for jsonwebtoken::Algorithm {
    type Error = AlgorithmConversionError;

    fn try_from(algorithm: Algorithm) -> Result<Self, Self::Error> {
        Ok(match algorithm {
            Algorithm::RS256 => Self::RS256,
            Algorithm::RS384 => Self::RS384,
            Algorithm::RS512 => Self::RS512,
            Algorithm::PS256 => Self::PS256,
            Algorithm::PS384 => Self::PS384,
            Algorithm::PS512 => Self::PS512,
            Algorithm::ES256 => Self::ES256,
            Algorithm::ES384 => Self::ES384,
            Algorithm::EdDSA => Self::EdDSA,
            Algorithm::ES512 => return Err(AlgorithmConversionError::NoCounterpart(algorithm)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::algorithm::Algorithms;
    use crate::keys::jwk::SkipReason;
    use crate::keys::key_set::KeySet;

    /// The key of RFC 8037 appendix A.2, under a name.
    fn ed25519(kid: &str, more: &str) -> String {
        format!(
            r#"{{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"{kid}"{more}}}"#
        )
    }

    #[test]
    fn a_set_gives_the_keys_and_reasons_that_its_text_gives() {
        let text = format!(
            r#"{{"keys":[{},{},{},{},{}]}}"#,
            ed25519("good", r#","alg":"EdDSA","use":"sig""#),
            r#"{"kty":"oct","k":"c2VjcmV0","kid":"secret","alg":"HS256"}"#,
            r#"{"kty":"AKP","kid":"unknown","pub":"AA"}"#,
            ed25519("encrypts", r#","use":"enc""#),
            r#"{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"weak"}"#,
        );
        let set: JwkSet = serde_json::from_str(&text).unwrap();
        let of = |jwks: Jwks| KeySet::from_jwks(jwks.0, Algorithms::default()).unwrap();
        let (by_set, by_text) = (of(Jwks::from(&set)), of(Jwks::from(&text)));
        assert!(by_set.iter().eq(by_text.iter()));
        assert_eq!(by_set.skipped(), by_text.skipped());
        let skipped: Vec<_> = by_set.skipped().iter().map(|key| (key.kid.as_deref().unwrap(), key.reason)).collect();
        let expected = [
            ("secret", SkipReason::Secret),
            ("unknown", SkipReason::UnknownType),
            ("encrypts", SkipReason::NotForVerifying),
            ("weak", SkipReason::WeakRsa),
        ];
        assert_eq!((by_set.len(), skipped), (1, expected.to_vec()));
    }

    #[test]
    fn names_that_a_set_loses_cost_the_key_and_nothing_else() {
        let text = format!(r#"{{"keys":[{},{}]}}"#, ed25519("new name", r#","alg":"Ed25519""#), ed25519("none", ""));
        let set: JwkSet = serde_json::from_str(&text).unwrap();
        let keys = KeySet::from_jwks(Jwks::from(set).0, Algorithms::default()).unwrap();
        assert_eq!((keys.len(), keys.skipped()[0].reason), (1, SkipReason::AlgorithmMismatch));
    }

    #[test]
    fn algorithms_go_there_and_back() {
        for algorithm in Algorithm::all() {
            match jsonwebtoken::Algorithm::try_from(algorithm) {
                Ok(there) => assert_eq!(Algorithm::try_from(there), Ok(algorithm)),
                Err(error) => assert_eq!(
                    (algorithm, error),
                    (Algorithm::ES512, AlgorithmConversionError::NoCounterpart(algorithm))
                ),
            }
        }
        use jsonwebtoken::Algorithm::{HS256, HS384, HS512};
        for algorithm in [HS256, HS384, HS512] {
            let error = Algorithm::try_from(algorithm).unwrap_err();
            assert!(error.to_string().contains("shared secret, which every API would have to know"), "{error}");
        }
    }
}
