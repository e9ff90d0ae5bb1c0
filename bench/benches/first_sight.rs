//! The first verification of a token, compared with the check of its signature alone with a parsed key.
//!
//! Run it with `cargo bench -p countersign-bench --bench first_sight`.

use aws_lc_rs::signature::{self, ParsedPublicKey, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_bench::{Contender, compare, head, ready};
use countersign_core::{Algorithm, Audience, Issuer, IssuerKeys, Verifier};
use countersign_testing::SigningKey;
use serde::Deserialize;
use serde_json::json;

const ISSUER: &str = "https://idp.example.com/realms/production";
const AUDIENCE: &str = "https://api.example.com";
const ROUNDS: usize = 101;

/// The claims that the handler uses.
#[derive(Deserialize)]
#[expect(dead_code, reason = "being deserialized is what they are for")]
struct Staff {
    sub: String,
    email: String,
    groups: Vec<String>,
    exp: u64,
}

fn main() {
    println!("One core, typed claims, a token of 755 bytes with RS256.\n");
    head("signature");
    for algorithm in [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA] {
        measure(algorithm);
    }
}

fn measure(algorithm: Algorithm) {
    let key = SigningKey::generate(algorithm, "2026-11-key");
    let token = token(&key);
    let verifier = verifier(&key);
    let (message, encoded_signature) = token.rsplit_once('.').expect("a token has dots");
    let signature = URL_SAFE_NO_PAD.decode(encoded_signature).expect("a signature is base64url");
    let parsed = parsed_key(&key);
    let (decoding_key, validation) = jsonwebtoken(&key);

    compare(
        &format!("{algorithm}, {} bytes", token.len()),
        ROUNDS,
        vec![
            Contender::new("bare signature (aws-lc-rs, parsed key)", || {
                parsed.verify_sig(message.as_bytes(), &signature).expect("the signature is good")
            }),
            Contender::new("countersign, first sight", || {
                let verified = ready(verifier.verify(&token)).expect("the token is good");
                verified.claims::<Staff>().expect("the claims fit")
            }),
            Contender::new("jsonwebtoken::decode", || {
                jsonwebtoken::decode::<Staff>(&token, &decoding_key, &validation).expect("the token is good")
            }),
        ],
    );
}

fn token(key: &SigningKey) -> String {
    let header = json!({ "alg": key.algorithm().name(), "kid": key.kid(), "typ": "JWT" });
    let claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "f6b1c2d4-8a0e-4c57-9a3b-2d1e4f5a6b7c00", "azp": "web", "iat": 1_700_000_000_u64,
        "exp": 4_000_000_000_u64, "email": "alice@example.com", "scope": "openid reports:read",
        "groups": ["admin", "staff"],
    });
    key.sign(header.to_string(), claims.to_string())
}

fn verifier(key: &SigningKey) -> Verifier {
    let keys = IssuerKeys::jwks(json!({ "keys": [key.jwk()] }).to_string());
    let issuer = Issuer::new(ISSUER, keys).audience(Audience::any_of([AUDIENCE]));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(Verifier::builder().issuer(issuer).without_cache().build()).expect("a verifier")
}

fn parsed_key(key: &SigningKey) -> ParsedPublicKey {
    let jwk = key.jwk();
    let member = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().expect("a member")).expect("base64url");
    match key.algorithm() {
        Algorithm::RS256 => RsaPublicKeyComponents { n: member("n"), e: member("e") }
            .to_parsed_public_key(&signature::RSA_PKCS1_2048_8192_SHA256),
        Algorithm::ES256 => {
            ParsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, [vec![4], member("x"), member("y")].concat())
        }
        _ => ParsedPublicKey::new(&signature::ED25519, member("x")),
    }
    .expect("a good key")
}

fn jsonwebtoken(key: &SigningKey) -> (jsonwebtoken::DecodingKey, jsonwebtoken::Validation) {
    let jwk = serde_json::from_value(key.jwk()).expect("a JWK");
    let algorithm = key.algorithm().name().parse().expect("an algorithm");
    let mut validation = jsonwebtoken::Validation::new(algorithm);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.validate_nbf = true;
    (jsonwebtoken::DecodingKey::from_jwk(&jwk).expect("a key"), validation)
}
