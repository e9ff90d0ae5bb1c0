//! Verifications per second on one and on two cores, of cached tokens and without the cache.
//!
//! Run it with `cargo bench -p countersign-bench --bench cores`.

use countersign_bench::{Spread, ready};
use countersign_core::{Algorithm, Audience, Issuer, IssuerKeys, Verifier};
use countersign_testing::SigningKey;
use serde_json::json;
use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

const ROUNDS: usize = 15;
const TURN: Duration = Duration::from_millis(100);

fn main() {
    let key = SigningKey::generate(Algorithm::RS256, "key");
    let jwks = json!({ "keys": [key.jwk()] }).to_string();
    let build = |always_anew: bool| {
        let issuer = Issuer::new("https://idp.example.com", IssuerKeys::jwks(&jwks));
        let builder = Verifier::builder().issuer(issuer.audience(Audience::any_of(["https://api.example.com"])));
        let builder = if always_anew { builder.without_cache() } else { builder };
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(builder.build()).expect("a verifier")
    };
    let tokens: Vec<String> = (0..1_000).map(|number| token(&key, number)).collect();
    println!(
        "| tokens | per second, one core | per second, two cores | ratio, median | min to max |\n|---|---|---|---|---|"
    );
    for (name, verifier, tokens) in [
        ("one, seen before", build(false), &tokens[..1]),
        ("a thousand, seen before", build(false), &tokens[..]),
        ("verified anew", build(true), &tokens[..]),
    ] {
        let rounds: Vec<(f64, f64)> =
            (0..ROUNDS).map(|_| (rate(1, &verifier, tokens), rate(2, &verifier, tokens))).collect();
        let one = Spread::of(rounds.iter().map(|(one, _)| *one).collect());
        let two = Spread::of(rounds.iter().map(|(_, two)| *two).collect());
        let ratio = Spread::of(rounds.iter().map(|(one, two)| two / one).collect());
        let Spread { min, median, max } = ratio;
        println!("| {name} | {:.0} | {:.0} | **{median:.2}** | {min:.2} to {max:.2} |", one.median, two.median);
    }
}

/// Verifications per second on this number of threads.
fn rate(threads: usize, verifier: &Verifier, tokens: &[String]) -> f64 {
    let start = Barrier::new(threads);
    thread::scope(|scope| {
        let count = || {
            start.wait();
            let (begin, mut count) = (Instant::now(), 0_usize);
            while begin.elapsed() < TURN {
                for _ in 0..16 {
                    ready(verifier.verify(black_box(&tokens[count % tokens.len()]))).expect("a good token");
                    count += 1;
                }
            }
            count as f64 / begin.elapsed().as_secs_f64()
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(count)).collect();
        workers.into_iter().map(|worker| worker.join().expect("no panic")).sum()
    })
}

fn token(key: &SigningKey, number: usize) -> String {
    let claims = json!({
        "iss": "https://idp.example.com", "aud": "https://api.example.com", "exp": 4_000_000_000_u64,
        "sub": format!("f6b1c2d4-8a0e-4c57-9a3b-{number:012}"), "scope": "openid reports:read",
        "email": "alice@example.com", "groups": ["admin", "staff"],
    });
    key.sign(r#"{"alg":"RS256","kid":"key","typ":"JWT"}"#, claims.to_string())
}
