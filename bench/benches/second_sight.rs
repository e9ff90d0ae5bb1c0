//! The verification of a cached token with typed claims, compared with a first verification.
//!
//! Run it with `cargo bench -p countersign-bench --bench second_sight`.

use countersign_bench::{Contender, compare, head, ready};
use countersign_core::{Algorithm, Audience, Issuer, IssuerKeys, Verifier};
use countersign_testing::SigningKey;
use serde::Deserialize;
use serde_json::json;
use std::hint::black_box;

const ROUNDS: usize = 101;

#[derive(Deserialize)]
#[expect(dead_code, reason = "being deserialized is what they are for")]
struct Staff {
    sub: String,
    exp: u64,
}

/// The sizes that could make a look-up slower.
struct World {
    issuers: usize,
    keys: usize,
    /// The size of the payload, in bytes.
    claims: usize,
    /// The number of other tokens in the cache.
    others: usize,
}

fn main() {
    let usual = || World { issuers: 1, keys: 1, claims: 330, others: 0 };
    head("the first row");
    let worlds = [
        ("one token", usual()),
        ("among 10 000 tokens", World { others: 10_000, ..usual() }),
        ("10 issuers", World { issuers: 10, ..usual() }),
        ("100 issuers", World { issuers: 100, ..usual() }),
        ("10 keys", World { keys: 10, ..usual() }),
        ("100 keys", World { keys: 100, ..usual() }),
        ("claims of 2 KiB", World { claims: 2 * 1024, ..usual() }),
        ("claims of 8 KiB", World { claims: 8 * 1024, ..usual() }),
    ];
    for kind in ["second sight", "first sight"] {
        let worlds: Vec<_> = worlds.iter().map(|(name, world)| (name, world.build(kind == "first sight"))).collect();
        let contenders = worlds.iter().map(|(name, (verifier, token))| {
            Contender::new(format!("{kind}, {name}"), move || {
                let verified = ready(verifier.verify(black_box(token))).expect("a good token");
                verified.claims::<Staff>().expect("the claims fit")
            })
        });
        compare(kind, ROUNDS, contenders.collect());
    }
}

impl World {
    fn build(&self, always_anew: bool) -> (Verifier, String) {
        let keys: Vec<_> =
            (0..self.keys).map(|number| SigningKey::generate(Algorithm::ES256, format!("key-{number}"))).collect();
        let jwks = json!({ "keys": keys.iter().map(SigningKey::jwk).collect::<Vec<_>>() }).to_string();
        let name = |number: usize| format!("https://idp-{number}.example.com");
        let builder = (0..self.issuers).fold(Verifier::builder(), |builder, number| {
            let issuer = Issuer::new(name(number), IssuerKeys::jwks(&jwks)).algorithms([Algorithm::ES256]);
            builder.issuer(issuer.audience(Audience::any_of(["https://api.example.com"])))
        });
        let builder = if always_anew { builder.without_cache() } else { builder };
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let verifier = runtime.block_on(builder.build()).expect("a verifier");

        let key = keys.last().expect("a key");
        let iss = name(self.issuers - 1);
        let mint = |subject: &str| {
            let claims = json!({
                "iss": iss, "aud": "https://api.example.com", "sub": subject, "exp": 4_000_000_000_u64,
                "text": "x".repeat(self.claims.saturating_sub(120)),
            });
            key.sign(json!({ "alg": "ES256", "kid": key.kid() }).to_string(), claims.to_string())
        };
        let others = if always_anew { 0 } else { self.others };
        for number in 0..others {
            ready(verifier.verify(&mint(&format!("other-{number}")))).expect("a good token");
        }
        (verifier, mint("alice"))
    }
}
