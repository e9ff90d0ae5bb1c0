//! Verifies one token repeatedly, for tools that count instructions: `sights first 1000`, `sights second 1000`.

use countersign_core::{Audience, Issuer, IssuerKeys, Verifier};
use serde::Deserialize;
use std::hint::black_box;

/// A token of 755 bytes and the keys of its issuer. They are the same in each run, so that counts are comparable.
const TOKEN: &str = include_str!("../../data/token.jwt");
const JWKS: &str = include_str!("../../data/jwks.json");

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
    let mut arguments = std::env::args().skip(1);
    let sight = arguments.next().expect("`first` or `second`");
    let times: usize = arguments.next().and_then(|times| times.parse().ok()).expect("how often");
    let issuer = Issuer::new("https://idp.example.com/realms/production", IssuerKeys::jwks(JWKS))
        .audience(Audience::any_of(["https://api.example.com"]));
    let builder = Verifier::builder().issuer(issuer);
    let builder = match sight.as_str() {
        "first" => builder.without_cache(),
        "second" => builder,
        other => panic!("`first` or `second`, not `{other}`"),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let verifier = builder.build().await.expect("a verifier");
        for _ in 0..times {
            let verified = verifier.verify(TOKEN.trim_end()).await.expect("a good token");
            black_box(verified.claims::<Staff>().expect("the claims fit"));
        }
    });
}
