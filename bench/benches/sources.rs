//! The cost of an extractor for a cached token, by token source.
//!
//! Run it with `cargo bench -p countersign-bench --bench sources`.

use axum::extract::FromRequestParts;
use axum::http::Request;
use axum::http::request::Parts;
use countersign::{Principal, Source, Verifier};
use countersign_bench::{Contender, compare, head, ready};
use countersign_core::{Algorithm, Audience, Issuer, IssuerKeys};
use countersign_testing::SigningKey;
use serde_json::json;
use std::hint::black_box;

const ROUNDS: usize = 101;

fn main() {
    let (verifier, token) = world();
    let three = || [Source::authorization(), Source::cookie("__session"), Source::header("cf-access-jwt-assertion")];
    let declared = |sources: Vec<Source>| verifier.sources(sources).expect("these are sources");
    let lanes = [
        ("Authorization, nothing declared", verifier.clone(), header(&token)),
        ("Authorization, declared", declared(vec![Source::authorization()]), header(&token)),
        ("Authorization, one of three", declared(three().into()), header(&token)),
        ("cookie, one of three", declared(three().into()), cookie(&token)),
    ];
    head("Authorization, nothing declared");
    let contenders = lanes.into_iter().map(|(name, verifier, mut parts)| {
        Contender::new(format!("{name} (x 100)"), move || {
            for _ in 0..100 {
                ready(Principal::from_request_parts(black_box(&mut parts), &verifier)).expect("a good token");
            }
        })
    });
    compare("source", ROUNDS, contenders.collect());
}

fn header(token: &str) -> Parts {
    Request::builder().header("authorization", format!("Bearer {token}")).body(()).expect("a request").into_parts().0
}

fn cookie(token: &str) -> Parts {
    let line = format!("theme=dark; __session={token}; language=de");
    Request::builder().header("cookie", line).body(()).expect("a request").into_parts().0
}

fn world() -> (Verifier, String) {
    let key = SigningKey::generate(Algorithm::EdDSA, "k");
    let claims = json!({
        "iss": "https://idp.example.com", "aud": "api", "sub": "alice", "exp": 4_000_000_000_u64,
        "scope": "reports:read reports:write", "groups": ["admin", "manager", "staff"], "email": "a".repeat(330),
    });
    let token = key.sign(r#"{"alg":"EdDSA","kid":"k"}"#, claims.to_string());
    let keys = IssuerKeys::jwks(json!({ "keys": [key.jwk()] }).to_string());
    let issuer = Issuer::new("https://idp.example.com", keys).audience(Audience::any_of(["api"]));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    (runtime.block_on(Verifier::builder().issuer(issuer).build()).expect("a verifier"), token)
}
