//! Tokens of another implementation, `jsonwebtoken`, with the keys that it publishes.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::Verifier;
use countersign::error::VerifyError;
use countersign::keys::Algorithm;
use countersign::providers::Oidc;
use countersign_core::ManualClock;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm as Theirs, EncodingKey, Header, encode};
use serde_json::{Value, json};
use std::sync::Arc;

const ISSUER: &str = "https://idp.example";
const AUDIENCE: &str = "https://api.example";

#[tokio::test]
async fn tokens_that_another_implementation_mints_are_good() {
    let rsa = rsa_key();
    for (theirs, key) in [
        (Theirs::RS256, &rsa),
        (Theirs::RS384, &rsa),
        (Theirs::RS512, &rsa),
        (Theirs::PS256, &rsa),
        (Theirs::PS384, &rsa),
        (Theirs::PS512, &rsa),
        (Theirs::ES256, &ec_key(&ECDSA_P256_SHA256_FIXED_SIGNING)),
        (Theirs::ES384, &ec_key(&ECDSA_P384_SHA384_FIXED_SIGNING)),
        (Theirs::EdDSA, &ed_key()),
    ] {
        let verifier = verifier(theirs, key).await;
        let token = mint(theirs, key, claims());
        let verified = verifier.verify(&token).await.unwrap_or_else(|error| panic!("{theirs:?}: {error:?}"));
        assert_eq!(verified.principal().subject(), "alice", "{theirs:?}");
        assert_eq!(verified.expires_at().as_secs(), 1_800_003_600, "{theirs:?}");
    }
}

/// The reverse, which shows that the test above does not pass by accident.
#[tokio::test]
async fn tokens_of_another_of_its_keys_are_not() {
    let (published, other) = (ed_key(), ed_key());
    let verifier = verifier(Theirs::EdDSA, &published).await;
    let found = verifier.verify(&mint(Theirs::EdDSA, &other, claims())).await.map(drop);
    assert!(matches!(found, Err(VerifyError::Token(reason)) if reason.code() == "bad_signature"), "{found:?}");
}

async fn verifier(theirs: Theirs, key: &EncodingKey) -> Verifier {
    let jwk = Jwk::from_encoding_key(key, theirs).expect("a key that can be published");
    let algorithm = Algorithm::from_name(&format!("{theirs:?}")).expect("an algorithm of both");
    let issuer =
        Oidc::issuer(ISSUER).audience(AUDIENCE).algorithms([algorithm]).jwks(json!({ "keys": [jwk] }).to_string());
    let clock = Arc::new(ManualClock::at(1_800_000_000));
    Verifier::builder().issuer(issuer).clock(clock).build().await.expect("a verifier")
}

fn mint(theirs: Theirs, key: &EncodingKey, claims: Value) -> String {
    encode(&Header::new(theirs), &claims, key).expect("a token")
}

fn claims() -> Value {
    json!({ "iss": ISSUER, "sub": "alice", "aud": [AUDIENCE], "iat": 1_800_000_000, "exp": 1_800_003_600 })
}

fn rsa_key() -> EncodingKey {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
    // `jsonwebtoken` needs PKCS #1 in DER, and accepts PKCS #8 in PEM.
    let text = STANDARD.encode(pair.as_der().expect("PKCS #8").as_ref());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n");
    EncodingKey::from_rsa_pem(pem.as_bytes()).expect("a key that can be read")
}

fn ec_key(algorithm: &'static EcdsaSigningAlgorithm) -> EncodingKey {
    let pair = EcdsaKeyPair::generate(algorithm).expect("a key");
    EncodingKey::from_ec_der(pair.to_pkcs8v1().expect("PKCS #8").as_ref())
}

fn ed_key() -> EncodingKey {
    let pair = Ed25519KeyPair::generate().expect("a key");
    EncodingKey::from_ed_der(pair.to_pkcs8v1().expect("PKCS #8").as_ref())
}
