//! The cost of a caller whose entitlements were looked up before: for the same token, for another token of the caller, and
//! for a thousand requests that wait for one look-up.
//!
//! Run with `cargo bench -p countersign-bench --bench callers`.

use countersign::Verifier;
use countersign::entitlements::{CallerId, Entitlements, EntitlementsError};
use countersign::verified::VerifiedToken;
use countersign_bench::{Contender, compare, head};
use countersign_core::{Algorithm, Audience, Issuer, IssuerKeys};
use countersign_testing::SigningKey;
use serde_json::json;
use std::time::Duration;
use tokio::runtime::Runtime;

const ROUNDS: usize = 101;
const ISSUER: &str = "https://idp.example.com";

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let key = SigningKey::generate(Algorithm::EdDSA, "k");
    let verifier = |lifetime| runtime.block_on(verifier(&key, lifetime));
    let (first, second) = (verifier(Duration::from_secs(60)), verifier(Duration::from_secs(60)));
    let forgetful = verifier(Duration::ZERO);
    let token = first.verify_now(&token(&key)).expect("nothing to wait for").expect("a good token");
    for verifier in [&first, &second] {
        runtime.block_on(verifier.caller(&token)).expect("an answer");
    }

    head("the same token");
    // A token keeps the entitlements of one verifier. Two verifiers that take turns have to look into their caches.
    let contenders = vec![
        Contender::new("the same token (x 100)", || {
            for _ in 0..100 {
                first.caller_now(&token).expect("known");
            }
        }),
        Contender::new("another token of the caller (x 100)", || {
            for _ in 0..50 {
                first.caller_now(&token).expect("known");
                second.caller_now(&token).expect("known");
            }
        }),
        Contender::new("a thousand that wait for one look-up (x 1)", || wait(&runtime, &forgetful, &token)),
    ];
    compare("caller", ROUNDS, contenders);
}

fn wait(runtime: &Runtime, verifier: &Verifier, token: &VerifiedToken) {
    runtime.block_on(async {
        let ask = |_| {
            let (verifier, token) = (verifier.clone(), token.clone());
            tokio::spawn(async move { verifier.caller(&token).await.is_ok() })
        };
        for asked in (0..1_000).map(ask).collect::<Vec<_>>() {
            assert!(asked.await.expect("no panic"));
        }
    });
}

async fn verifier(key: &SigningKey, lifetime: Duration) -> Verifier {
    let keys = IssuerKeys::jwks(json!({ "keys": [key.jwk()] }).to_string());
    let issuer = Issuer::new(ISSUER, keys).audience(Audience::any_of(["api"]));
    let builder = Verifier::builder().issuer(issuer).entitlements(directory).entitlements_lifetime(lifetime);
    builder.build().await.expect("a verifier")
}

/// Answers after other tasks had their turn, as a database does.
async fn directory(_: CallerId) -> Result<Entitlements, EntitlementsError> {
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
    Ok(Entitlements::default().with_groups(["admin", "manager", "staff"]))
}

fn token(key: &SigningKey) -> String {
    let claims =
        json!({"iss": ISSUER, "aud": "api", "sub": "alice", "exp": 4_000_000_000_u64, "scope": "reports:read"});
    key.sign(r#"{"alg":"EdDSA","kid":"k"}"#, claims.to_string())
}
