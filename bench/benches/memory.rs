//! The memory of the token cache, for a million distinct tokens. Each is verified once, and its claims are read.
//!
//! Run it with `cargo bench -p countersign-bench --bench memory`. It takes some minutes, mostly for signing.

use countersign_bench::ready;
use countersign_core::{Algorithm, Audience, Issuer, IssuerKeys, Verifier};
use countersign_testing::SigningKey;
use serde::Deserialize;
use serde_json::json;
use std::fs;

const TOKENS: usize = 1_000_000;
/// The bound of the cache in MiB, which is the default.
const BOUND: usize = 64;
const MIB: f64 = 1024.0 * 1024.0;

#[derive(Deserialize)]
#[expect(dead_code, reason = "being deserialized is what they are for")]
struct Staff {
    sub: String,
    email: String,
    groups: Vec<String>,
    exp: u64,
}

fn main() {
    let key = SigningKey::generate(Algorithm::EdDSA, "key");
    let jwks = json!({ "keys": [key.jwk()] }).to_string();
    let issuer = Issuer::new("https://idp.example.com", IssuerKeys::jwks(&jwks));
    let builder = Verifier::builder().issuer(issuer.audience(Audience::any_of(["https://api.example.com"])));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let verifier = runtime.block_on(builder.cache_bytes(BOUND * 1024 * 1024).build()).expect("a verifier");

    println!("| tokens seen | memory, MiB | of the bound |\n|---|---|---|");
    let before = resident();
    for number in 1..=TOKENS {
        let token = token(&key, number);
        ready(verifier.verify(&token)).expect("a good token").claims::<Staff>().expect("the claims fit");
        if [TOKENS / 100, TOKENS / 20, TOKENS / 10, TOKENS / 2, TOKENS].contains(&number) {
            let taken = resident() - before;
            println!("| {number} | {taken:.1} | {:.0} % |", 100.0 * taken / BOUND as f64);
        }
    }
}

fn token(key: &SigningKey, number: usize) -> String {
    let claims = json!({
        "iss": "https://idp.example.com", "aud": "https://api.example.com", "exp": 4_000_000_000_u64,
        "iat": 1_700_000_000, "sub": format!("f6b1c2d4-8a0e-4c57-9a3b-{number:012}"), "scope": "openid reports:read",
        "email": "alice@example.com", "groups": ["admin", "staff"],
    });
    key.sign(r#"{"alg":"EdDSA","kid":"key","typ":"JWT"}"#, claims.to_string())
}

/// The resident memory of the process, in MiB.
fn resident() -> f64 {
    let statm = fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages: f64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number of pages");
    pages * 4096.0 / MIB
}
