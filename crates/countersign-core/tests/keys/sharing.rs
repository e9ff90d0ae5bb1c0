//! Keys that the program gives to several verifiers.

use crate::provider::{Provider, build, issuer, token, verdict};
use countersign_core::{Algorithm, Audience, Issuer, IssuerKeys, TokenError, Verifier};
use std::time::Duration;
use tokio::time::{Instant, sleep};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// A provider whose responses may be cached for a day, and a handle of its keys.
fn shared(kids: &[&str]) -> (Provider, IssuerKeys) {
    let provider = Provider::publishing(kids);
    *provider.0.max_age.lock().unwrap() = Some(24 * HOUR);
    let keys = IssuerKeys::fetched(provider.clone()).shared();
    (provider, keys)
}

#[tokio::test(start_paused = true)]
async fn keys_are_shared_where_the_program_says_so_and_nowhere_else() {
    let (provider, keys) = shared(&["known"]);
    assert_eq!(provider.fetches(), 0, "a handle fetches nothing");
    let mut verifiers = Vec::new();
    for _ in 0..10 {
        verifiers.push(build(issuer(keys.clone())).await);
    }
    for verifier in &verifiers {
        assert_eq!(verdict(verifier, "known").await, "found");
    }
    assert_eq!(provider.fetches(), 1);

    let keys = IssuerKeys::fetched(provider.clone());
    let _apart = (build(issuer(keys.clone())).await, build(issuer(keys)).await);
    assert_eq!(provider.fetches(), 3, "a clone that is not a handle fetches its own keys");
}

#[tokio::test(start_paused = true)]
async fn one_verifier_s_fetch_is_seen_by_all() {
    let (provider, keys) = shared(&["old"]);
    let (one, other) = (build(issuer(keys.clone())).await, build(issuer(keys)).await);
    provider.publish(&["new"]);
    assert_eq!((verdict(&one, "new").await, provider.fetches()), ("found", 2));
    assert_eq!((verdict(&other, "new").await, provider.fetches()), ("found", 2));
    assert_eq!(verdict(&other, "old").await, "unknown");
    // The cool-down is shared as well, and so is an operator's refresh.
    for kid in 0..100 {
        verdict(&one, &format!("bogus-{kid}")).await;
        verdict(&other, &format!("bogus-{kid}")).await;
    }
    assert_eq!(provider.fetches(), 2);
    provider.publish(&["newer"]);
    assert_eq!(other.refresh_keys_now().await, Ok(()));
    assert_eq!((verdict(&one, "newer").await, provider.fetches()), ("found", 3));
}

async fn two_issuers(keys: IssuerKeys) -> Verifier {
    let second = Issuer::new("https://second.example", keys.clone()).audience(Audience::any_of(["api"]));
    Verifier::builder().issuer(issuer(keys)).issuer(second).build().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn two_issuers_of_one_verifier_that_share_their_keys_are_both_named() {
    let (provider, keys) = shared(&["known"]);
    let verifier = two_issuers(keys).await;
    let issuers: Vec<_> = verifier.keys().map(|keys| keys.issuer().to_owned()).collect();
    assert_eq!(issuers, ["https://idp.example", "https://second.example"]);
    provider.fail();
    let error = verifier.refresh_keys_now().await.unwrap_err();
    let named: Vec<_> = error.failures().map(|(issuer, _)| issuer).collect();
    assert_eq!(named, ["https://idp.example", "https://second.example"]);
    assert_eq!(provider.fetches(), 2);
}

/// Runs on real threads, since the refresher may begin an attempt between two calls.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_issuers_of_one_verifier_that_share_their_keys_share_the_order() {
    let (provider, keys) = shared(&["known"]);
    let verifier = two_issuers(keys).await;
    for order in 1..=2_000 {
        assert_eq!(verifier.refresh_keys_now().await, Ok(()));
        assert_eq!(provider.fetches(), 1 + order);
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_verifier_to_go_ends_the_work_and_the_next_begins_anew() {
    let (provider, keys) = shared(&["known"]);
    *provider.0.max_age.lock().unwrap() = None;
    let (one, other) = (build(issuer(keys.clone())).await, build(issuer(keys.clone())).await);
    drop(one);
    sleep(HOUR).await;
    let fetches = provider.fetches();
    assert!(fetches > 5, "{fetches}: the other one still needs the keys");
    drop(other);
    sleep(HOUR).await;
    assert_eq!(provider.fetches(), fetches, "the handle itself keeps nothing alive");

    provider.publish(&["new"]);
    let next = build(issuer(keys)).await;
    assert_eq!((verdict(&next, "new").await, provider.fetches()), ("found", fetches + 1));
    assert_eq!(verdict(&next, "known").await, "unknown");
}

#[tokio::test(start_paused = true)]
async fn each_issuer_keeps_its_own_list_of_algorithms() {
    let (provider, keys) = shared(&[]);
    // RFC 7517 appendix A.1, without `alg`: the key would fit ES256 in either verifier.
    let p256 = r#"{"kty":"EC","crv":"P-256","kid":"ec","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}"#;
    let ed25519 = format!(r#"{{"kid":"ed",{}}}"#, crate::provider::KEY);
    *provider.0.answer.lock().unwrap() = Some(format!(r#"{{"keys":[{p256},{ed25519}]}}"#));
    let verifier = |algorithm| build(issuer(keys.clone()).algorithms([algorithm]));
    let (ed, ec) = (verifier(Algorithm::EdDSA).await, verifier(Algorithm::ES256).await);
    let (token_ed, token_ec) = (token("ed"), crate::provider::token_of("ES256", "ec"));
    for (verifier, token, expected) in [
        (&ed, &token_ed, TokenError::BadSignature),
        (&ed, &token_ec, TokenError::AlgorithmNotAllowed),
        (&ec, &token_ec, TokenError::BadSignature),
        (&ec, &token_ed, TokenError::AlgorithmNotAllowed),
    ] {
        assert_eq!(verifier.verify(token).await.unwrap_err(), expected.into());
    }
    assert_eq!(provider.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_smallest_maximum_age_sets_the_pace_and_each_verifier_keeps_its_own() {
    let (provider, keys) = shared(&["leaving", "staying"]);
    let long = build(issuer(keys.clone())).await;
    sleep(3 * HOUR).await;
    assert_eq!(provider.fetches(), 1);

    // The keys are too old for this verifier, so they are confirmed before it is built.
    let short = build(issuer(keys.clone()).max_key_age(HOUR)).await;
    assert_eq!((verdict(&short, "staying").await, provider.fetches()), ("found", 2));
    provider.publish(&["staying"]);
    sleep(HOUR).await;
    assert_eq!((verdict(&short, "staying").await, provider.fetches()), ("found", 3));
    assert_eq!(verdict(&long, "staying").await, "found");

    provider.fail();
    sleep(2 * HOUR).await;
    assert_eq!((verdict(&short, "staying").await, verdict(&long, "staying").await), ("unavailable", "found"));
    assert!(short.ready().is_err() && long.ready().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_verifier_that_joins_an_outage_waits_for_an_attempt_and_heals_with_the_others() {
    let (provider, keys) = shared(&["known"]);
    provider.fail();
    let one = build(issuer(keys.clone())).await;
    sleep(Duration::from_secs(600)).await;
    let before = provider.fetches();
    let refused = Verifier::builder().issuer(issuer(keys.clone())).require_keys().build().await;
    assert!(refused.is_err_and(|error| error.to_string().contains("the provider is down")));
    assert_eq!(provider.fetches(), before + 1);

    provider.publish(&["known"]);
    let start = Instant::now();
    let other = Verifier::builder().issuer(issuer(keys)).require_keys().build().await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!((verdict(&one, "known").await, verdict(&other, "known").await), ("found", "found"));
}

#[test]
fn a_handle_outlives_the_runtime_that_it_was_first_used_in() {
    let (provider, keys) = shared(&["known"]);
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stranded = runtime().block_on(build(issuer(keys.clone())));
    runtime().block_on(async {
        let verifier = build(issuer(keys)).await;
        assert_eq!((verdict(&verifier, "known").await, verifier.ready()), ("found", Ok(())));
        assert!(stranded.ready().is_err());
        assert_eq!(verdict(&verifier, "bogus").await, "unknown");
    });
    assert_eq!(provider.fetches(), 3);
}
