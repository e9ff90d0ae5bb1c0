//! The verification time of a cached token while the revocation list holds a million entries, with and without a thread
//! that revokes continuously.
//!
//! Run it with `cargo bench -p countersign-bench --bench revocations`.

use countersign_bench::ready;
use countersign_core::{
    Algorithm, Audience, Issuer, IssuerKeys, RevocationList, RevokedTokens, SystemClock, UnixTime, Verifier,
};
use countersign_testing::SigningKey;
use serde_json::json;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const ENTRIES: usize = 1_000_000;
const TOKENS: usize = 1_000;
const VERIFICATIONS: usize = 1_000_000;
const ISSUER: &str = "https://idp.example.com";

fn main() {
    let key = SigningKey::generate(Algorithm::EdDSA, "key");
    let keys = IssuerKeys::jwks(json!({ "keys": [key.jwk()] }).to_string());
    let list = RevocationList::bounded(Arc::new(SystemClock), ENTRIES + ENTRIES / 4);
    let issuer = Issuer::new(ISSUER, keys).audience(Audience::any_of(["https://api.example.com"]));
    let builder = Verifier::builder().issuer(issuer).revocation(list.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let verifier = runtime.block_on(builder.build()).expect("a verifier");
    let tokens: Vec<String> = (0..TOKENS).map(|number| token(&key, number)).collect();

    println!("| list | p50 | p99 | p99.9 | longest |\n|---|---|---|---|---|");
    report("empty", &verifier, &tokens);
    let now = std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_secs();
    for number in 0..ENTRIES {
        list.revoke_all(
            RevokedTokens::Subject {
                issuer: ISSUER,
                subject: &format!("other {number}"),
                issued_until: UnixTime::from_secs(now),
            },
            UnixTime::from_secs(now + 86_400),
        )
        .expect("room");
    }
    report("a million entries", &verifier, &tokens);

    let (is_over, revoked, longest) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            // The entries expire at once, so removals keep up with additions.
            while !is_over.load(Ordering::Relaxed) {
                let number = revoked.fetch_add(1, Ordering::Relaxed);
                let start = Instant::now();
                list.revoke_all(
                    RevokedTokens::Subject {
                        issuer: ISSUER,
                        subject: &format!("new {number}"),
                        issued_until: UnixTime::from_secs(now),
                    },
                    UnixTime::from_secs(now + 1),
                )
                .expect("room");
                longest.fetch_max(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
            }
        });
        let start = Instant::now();
        report("a million entries, revoking", &verifier, &tokens);
        let rate = revoked.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64();
        is_over.store(true, Ordering::Relaxed);
        println!("\n{rate:.0} revocations a second, {} entries at the end", list.len());
    });
    println!("longest revocation {:?}", Duration::from_nanos(longest.load(Ordering::Relaxed)));
}

fn report(list: &str, verifier: &Verifier, tokens: &[String]) {
    for token in tokens {
        ready(verifier.verify(token)).expect("a good token");
    }
    let mut times: Vec<Duration> = tokens
        .iter()
        .cycle()
        .take(VERIFICATIONS)
        .map(|token| {
            let start = Instant::now();
            black_box(ready(verifier.verify(black_box(token))).expect("a good token"));
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!("| {list} | {:?} | {:?} | {:?} | {:?} |", at(0.5), at(0.99), at(0.999), at(1.0));
}

fn token(key: &SigningKey, number: usize) -> String {
    let claims = json!({
        "iss": ISSUER, "aud": "https://api.example.com", "exp": 4_000_000_000_u64, "iat": 1_700_000_000,
        "sub": format!("user {number}"), "jti": format!("token {number}"), "sid": format!("session {number}"),
    });
    key.sign(r#"{"alg":"EdDSA","kid":"key","typ":"JWT"}"#, claims.to_string())
}
