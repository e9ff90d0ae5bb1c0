//! Private keys for tests. Each is newly generated.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use countersign_core::Algorithm;
use serde_json::{Value, json};
use std::fmt;
use std::sync::Arc;

/// A private key for one algorithm, with a `kid`. Cheap to clone.
///
/// # Example
///
/// ```
/// use countersign_core::Algorithm;
/// use countersign_testing::SigningKey;
///
/// let key = SigningKey::generate(Algorithm::ES256, "key-1");
/// assert_eq!(key.jwk()["kid"], "key-1");
/// let token = key.sign(r#"{"alg":"ES256","kid":"key-1"}"#, r#"{"sub":"alice"}"#);
/// assert_eq!(token.split('.').count(), 3);
/// ```
#[derive(Clone)]
pub struct SigningKey {
    algorithm: Algorithm,
    kid: String,
    secret: Arc<Secret>,
}

enum Secret {
    Rsa(Box<RsaKeyPair>, &'static dyn RsaEncoding),
    Ec(Box<EcdsaKeyPair>, &'static str),
    Ed25519(Box<Ed25519KeyPair>),
}

impl SigningKey {
    /// Generates a key. RSA keys have 2048 bits.
    ///
    /// # Panics
    ///
    /// Panics if the system cannot generate keys, or for an algorithm that has no test key.
    pub fn generate(algorithm: Algorithm, kid: impl Into<String>) -> Self {
        let rsa = |encoding| {
            let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("an RSA key can be generated");
            Secret::Rsa(Box::new(pair), encoding)
        };
        let ec = |signing: &'static EcdsaSigningAlgorithm, curve| {
            let pair = EcdsaKeyPair::generate(signing).expect("an EC key can be generated");
            Secret::Ec(Box::new(pair), curve)
        };
        let secret = match algorithm {
            Algorithm::RS256 => rsa(&RSA_PKCS1_SHA256),
            Algorithm::RS384 => rsa(&RSA_PKCS1_SHA384),
            Algorithm::RS512 => rsa(&RSA_PKCS1_SHA512),
            Algorithm::PS256 => rsa(&RSA_PSS_SHA256),
            Algorithm::PS384 => rsa(&RSA_PSS_SHA384),
            Algorithm::PS512 => rsa(&RSA_PSS_SHA512),
            Algorithm::ES256 => ec(&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256"),
            Algorithm::ES384 => ec(&ECDSA_P384_SHA384_FIXED_SIGNING, "P-384"),
            Algorithm::ES512 => ec(&ECDSA_P521_SHA512_FIXED_SIGNING, "P-521"),
            Algorithm::EdDSA => {
                Secret::Ed25519(Box::new(Ed25519KeyPair::generate().expect("an Ed25519 key can be generated")))
            }
            other => unimplemented!("{other} has no test key yet"),
        };
        Self { algorithm, kid: kid.into(), secret: Arc::new(secret) }
    }

    /// The algorithm of its signatures.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key id.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public key as a JWK, with `kid`, `alg` and `use`.
    pub fn jwk(&self) -> Value {
        let mut jwk = match &*self.secret {
            Secret::Rsa(pair, _) => {
                let public = pair.public_key();
                json!({
                    "kty": "RSA",
                    "n": encode(public.modulus().big_endian_without_leading_zero()),
                    "e": encode(public.exponent().big_endian_without_leading_zero()),
                })
            }
            Secret::Ec(pair, curve) => {
                let (x, y) = {
                    let point = &pair.public_key().as_ref()[1..];
                    point.split_at(point.len() / 2)
                };
                json!({ "kty": "EC", "crv": curve, "x": encode(x), "y": encode(y) })
            }
            Secret::Ed25519(pair) => json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key().as_ref()) }),
        };
        jwk["kid"] = self.kid.as_str().into();
        jwk["alg"] = self.algorithm.name().into();
        jwk["use"] = "sig".into();
        jwk
    }

    /// The public key in PEM (`BEGIN PUBLIC KEY`).
    ///
    /// # Panics
    ///
    /// Panics if the key cannot be written as DER. A generated key always can.
    pub fn public_pem(&self) -> String {
        let der = match &*self.secret {
            Secret::Rsa(pair, _) => pair.public_key().as_der(),
            Secret::Ec(pair, _) => pair.public_key().as_der(),
            Secret::Ed25519(pair) => pair.public_key().as_der(),
        }
        .expect("a generated key can be written");
        let lines = STANDARD.encode(der.as_ref());
        let lines: Vec<&str> = (0..lines.len()).step_by(64).map(|at| &lines[at..lines.len().min(at + 64)]).collect();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
    }

    /// Signs exactly this header and payload, which need not be JSON. For tokens that no provider would issue.
    ///
    /// # Panics
    ///
    /// Panics if signing fails. It does not with a generated key.
    pub fn sign(&self, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
        let input = format!("{}.{}", encode(header), encode(payload));
        let random = SystemRandom::new();
        let signature = match &*self.secret {
            Secret::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, input.as_bytes(), &mut signature).expect("a generated key signs");
                signature
            }
            Secret::Ec(pair, _) => {
                pair.sign(&random, input.as_bytes()).expect("a generated key signs").as_ref().to_vec()
            }
            Secret::Ed25519(pair) => pair.sign(input.as_bytes()).as_ref().to_vec(),
        };
        format!("{input}.{}", encode(signature))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("algorithm", &self.algorithm).field("kid", &self.kid).finish_non_exhaustive()
    }
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
