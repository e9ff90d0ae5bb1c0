//! The effect of a flood of tokens with unknown keys: the 99th percentile of the time to verify valid tokens, with and
//! without the flood, and the number of key fetches.
//!
//! Run it with `cargo bench -p countersign-bench --bench flood`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_bench::Spread;
use countersign_core::{Algorithm, TokenError, Verifier, VerifyError};
use countersign_providers::Oidc;
use countersign_testing::TestIssuer;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};

const ROUNDS: usize = 15;
/// The number of valid tokens in a round. With RS256 they take about half a second.
const GOOD: usize = 10_000;
/// The maximum number of tokens with unknown keys in a round. Each names another key.
const BOGUS: usize = 10_000;

fn main() {
    // The provider and the refresher of its keys run on a separate thread, as in a server.
    let background = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let issuer = background.block_on(TestIssuer::start_with([Algorithm::RS256])).expect("a free port");
    let provider = Oidc::issuer(issuer.url()).audience("api");
    let verifier = background
        .block_on(async { Verifier::builder().issuer(provider).without_cache().build().await })
        .expect("a verifier");
    let token = issuer.token("alice").audience("api").mint();
    let start = Instant::now();
    let runtime = || Builder::new_current_thread().enable_all().build().expect("a runtime");

    let (mut quiet, mut flooded, mut ratios, mut bogus) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for round in 0..ROUNDS {
        let calm = slowest_hundredth(&runtime(), &verifier, &token);
        let done = AtomicBool::new(false);
        let under_fire = thread::scope(|scope| {
            let flood = scope.spawn(|| flood(&runtime(), &issuer, &verifier, round, &done));
            let slowest = slowest_hundredth(&runtime(), &verifier, &token);
            done.store(true, Ordering::Relaxed);
            bogus += flood.join().expect("no panic");
            slowest
        });
        quiet.push(calm.as_nanos() as f64 / 1_000.0);
        flooded.push(under_fire.as_nanos() as f64 / 1_000.0);
        ratios.push(under_fire.as_secs_f64() / calm.as_secs_f64());
    }
    let counts = verifier.keys().next().expect("an issuer").counts();
    let (quiet, flooded, ratio) = (Spread::of(quiet), Spread::of(flooded), Spread::of(ratios));
    println!("| p99 of {GOOD} valid tokens | median µs | min | max |\n|---|---|---|---|");
    println!("| quiet | {:.1} | {:.1} | {:.1} |", quiet.median, quiet.min, quiet.max);
    println!("| under a flood | {:.1} | {:.1} | {:.1} |", flooded.median, flooded.min, flooded.max);
    println!("\nratio {:.2} ({:.2} to {:.2}) in {ROUNDS} rounds", ratio.median, ratio.min, ratio.max);
    println!(
        "{bogus} tokens with unknown keys in {} s: {} fetches for unknown keys",
        start.elapsed().as_secs(),
        counts.forced
    );
}

fn slowest_hundredth(runtime: &Runtime, verifier: &Verifier, token: &str) -> Duration {
    let mut times = Vec::with_capacity(GOOD);
    runtime.block_on(async {
        for _ in 0..GOOD {
            let start = Instant::now();
            verifier.verify(token).await.expect("a good token");
            times.push(start.elapsed());
        }
    });
    times.sort_unstable();
    times[GOOD * 99 / 100]
}

/// Sends up to [`BOGUS`] tokens with unknown keys, as fast as they are rejected.
fn flood(runtime: &Runtime, issuer: &TestIssuer, verifier: &Verifier, round: usize, done: &AtomicBool) -> usize {
    // Any signature will do, since the token is rejected before its signature is checked.
    let signed = issuer.token("mallory").audience("api").mint();
    let (_, tail) = signed.split_once('.').expect("three parts");
    runtime.block_on(async {
        for number in 0..BOGUS {
            if done.load(Ordering::Relaxed) {
                return number;
            }
            let kid = format!("bogus-{round}-{number}");
            let header = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"RS256","typ":"at+jwt","kid":"{kid}"}}"#));
            let token = format!("{header}.{tail}");
            match verifier.verify(&token).await {
                Err(VerifyError::Token(TokenError::UnknownKey)) => {}
                other => panic!("{other:?}"),
            }
        }
        BOGUS
    })
}
