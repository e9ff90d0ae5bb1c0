//! The life cycle of a key set: start, rotation, refresh, staleness, end.

use crate::provider::{KEY, Provider, token, verdict};
use countersign_core::{Algorithm, Audience, ConfigError, Issuer, IssuerKeys, Verifier, VerifyError};
use std::sync::atomic::Ordering;
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn the_request_that_meets_a_rotation_waits_for_one_fetch_and_succeeds() {
    let provider = Provider::publishing(&["old"]);
    let verifier = provider.verifier().await;
    assert_eq!((verdict(&verifier, "old").await, provider.fetches()), ("found", 1));

    // A key can rotate right after the start, since the first fetch starts no cool-down.
    provider.publish(&["new", "old"]);
    assert_eq!((verdict(&verifier, "new").await, provider.fetches()), ("found", 2));
    assert_eq!((verdict(&verifier, "old").await, provider.fetches()), ("found", 2));
}

#[tokio::test(start_paused = true)]
async fn many_unknown_keys_cost_one_fetch_in_a_cool_down() {
    let provider = Provider::publishing(&["known"]);
    let verifier = provider.verifier().await;
    for kid in 0..1_000 {
        assert_eq!(verdict(&verifier, &format!("bogus-{kid}")).await, "unknown");
    }
    assert_eq!(provider.fetches(), 2);

    tokio::time::advance(Duration::from_secs(31)).await;
    provider.publish(&["rotated"]);
    assert_eq!((verdict(&verifier, "rotated").await, provider.fetches()), ("found", 3));
}

#[tokio::test(start_paused = true)]
async fn a_thousand_first_uses_of_a_new_key_share_one_fetch() {
    let provider = Provider::publishing(&["old"]);
    let verifier = provider.verifier().await;
    provider.publish(&["new"]);
    provider.take(Duration::from_secs(1));
    let requests: Vec<_> = (0..1_000)
        .map(|_| {
            let verifier = verifier.clone();
            tokio::spawn(async move { verdict(&verifier, "new").await })
        })
        .collect();
    for request in requests {
        assert_eq!(request.await.unwrap(), "found");
    }
    assert_eq!(provider.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_gives_up_leaves_nobody_waiting() {
    let provider = Provider::publishing(&["old"]);
    let verifier = provider.verifier().await;
    provider.publish(&["new"]);
    provider.take(Duration::from_secs(2));
    let leader = tokio::spawn({
        let verifier = verifier.clone();
        async move { verdict(&verifier, "new").await }
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    leader.abort();
    assert_eq!((verdict(&verifier, "new").await, provider.fetches()), ("found", 2));
}

#[tokio::test(start_paused = true)]
async fn a_start_with_the_provider_down_heals_itself() {
    let provider = Provider::default();
    let verifier = provider.verifier().await;
    assert!(verifier.ready().is_err_and(|unavailable| unavailable.retry_after >= Duration::from_secs(1)));
    assert_eq!(verdict(&verifier, "known").await, "unavailable");

    provider.publish(&["known"]);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(verifier.ready(), Ok(()));
    assert_eq!(verdict(&verifier, "known").await, "found");
}

#[tokio::test(start_paused = true)]
async fn a_failing_provider_never_takes_good_keys_away_before_they_are_stale() {
    let provider = Provider::publishing(&["known"]);
    let verifier = provider.verifier().await;
    provider.fail();
    for _ in 0..23 {
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        assert_eq!(verdict(&verifier, "known").await, "found");
    }
    tokio::time::sleep(Duration::from_secs(2 * 3_600)).await;
    assert_eq!(verdict(&verifier, "known").await, "unavailable");
    provider.publish(&["known"]);
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_eq!(verdict(&verifier, "known").await, "found");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_key_gets_no_verdict_while_the_provider_is_down() {
    let provider = Provider::publishing(&["known"]);
    let verifier = provider.verifier().await;
    provider.fail();
    assert_eq!(verdict(&verifier, "rotated").await, "unavailable");
    assert_eq!(verdict(&verifier, "known").await, "found");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_no_good_set_changes_nothing() {
    let provider = Provider::publishing(&["known"]);
    let verifier = provider.verifier().await;
    let hundred_and_one = format!(r#"{{"keys":[{}]}}"#, vec![format!("{{{KEY}}}"); 101].join(","));
    for answer in ["<html>log in</html>", "", "[]", r#"{"keys":[]}"#, r#"{"keys":[{"kty":"AKP"}]}"#, &hundred_and_one] {
        *provider.0.answer.lock().unwrap() = Some(answer.to_owned());
        let before = provider.fetches();
        tokio::time::sleep(Duration::from_secs(15 * 60)).await;
        assert!(provider.fetches() > before, "refreshed in the background");
        assert_eq!(verdict(&verifier, "known").await, "found", "{}", &answer[..answer.len().min(30)]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_hangs_is_given_five_seconds() {
    let provider = Provider::publishing(&["known"]);
    provider.take(Duration::from_secs(3_600));
    let start = tokio::time::Instant::now();
    let verifier = provider.verifier().await;
    assert_eq!(start.elapsed().as_secs(), 5);
    assert_eq!(verdict(&verifier, "known").await, "unavailable");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_leaves_the_set_stops_verifying_at_the_next_refresh() {
    let provider = Provider::publishing(&["leaving", "staying"]);
    let verifier = provider.verifier().await;
    provider.publish(&["staying"]);
    tokio::time::sleep(Duration::from_secs(10 * 60)).await;
    assert_eq!(verdict(&verifier, "leaving").await, "unknown");
    assert_eq!(verdict(&verifier, "staying").await, "found");
}

#[tokio::test(start_paused = true)]
async fn the_last_verifier_to_go_ends_the_background_work() {
    let provider = Provider::publishing(&["known"]);
    drop(provider.verifier().await);
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert_eq!(provider.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_key_moves_no_other_attempt_while_the_provider_is_down() {
    let provider = Provider::publishing(&["known"]);
    *provider.0.max_age.lock().unwrap() = Some(Duration::from_secs(24 * 3_600));
    let verifier = provider.verifier().await;
    provider.fail();
    for _ in 0..100 {
        assert_eq!(verdict(&verifier, "bogus").await, "unavailable");
        tokio::time::sleep(Duration::from_millis(290)).await;
    }
    assert_eq!(provider.fetches(), 2, "one more in a cool-down");
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert_eq!(provider.fetches(), 2, "and none without a request");

    let Err(VerifyError::Unavailable(unavailable)) = verifier.verify(&token("bogus")).await else {
        panic!("the verifier is not unavailable")
    };
    assert!(unavailable.retry_after <= Duration::from_secs(61), "{unavailable:?}: the next unknown key may ask again");
}

#[tokio::test(start_paused = true)]
async fn a_wish_that_was_answered_starts_no_cool_down_of_its_own() {
    let provider = Provider::publishing(&["old"]);
    *provider.0.max_age.lock().unwrap() = Some(Duration::from_secs(24 * 3_600));
    let verifier = provider.verifier().await;
    provider.take(Duration::from_millis(100));
    // Two requests at once, and one more during the cool-down.
    let (first, second) = tokio::join!(verdict(&verifier, "bogus-1"), verdict(&verifier, "bogus-2"));
    assert_eq!((first, second, verdict(&verifier, "bogus-3").await), ("unknown", "unknown", "unknown"));
    tokio::time::sleep(Duration::from_secs(35)).await;
    assert_eq!(provider.fetches(), 2);
    provider.publish(&["new"]);
    assert_eq!((verdict(&verifier, "new").await, provider.fetches()), ("found", 3));
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_fetching_is_a_failed_attempt_and_nothing_worse() {
    let provider = Provider::publishing(&["known"]);
    provider.0.panics.store(true, Ordering::SeqCst);
    let verifier = provider.verifier().await;
    assert_eq!(verdict(&verifier, "known").await, "unavailable");
    provider.0.panics.store(false, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!((verdict(&verifier, "known").await, verifier.ready()), ("found", Ok(())));
}

#[test]
fn a_verifier_whose_runtime_is_gone_says_so_at_once() {
    let provider = Provider::publishing(&["known"]);
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let verifier = {
        let first = runtime();
        first.block_on(provider.verifier())
    };
    runtime().block_on(async {
        // Paused time advances only while a task waits.
        tokio::time::pause();
        let start = tokio::time::Instant::now();
        assert_eq!(verdict(&verifier, "known").await, "found");
        assert_eq!(verdict(&verifier, "rotated").await, "unavailable");
        assert!(verifier.ready().is_err());
        assert_eq!(start.elapsed(), Duration::ZERO);
    });
}

#[tokio::test(start_paused = true)]
async fn keys_can_be_demanded_or_waited_for() {
    let provider = Provider::default();
    let issuer = || {
        let issuer = Issuer::new("https://idp.example", IssuerKeys::fetched(provider.clone()));
        issuer.audience(Audience::any_of(["api"]))
    };
    let demanded = Verifier::builder().issuer(issuer()).require_keys().build().await;
    assert!(matches!(demanded, Err(ConfigError::NoKeys { .. })), "{demanded:?}");

    let verifier = Verifier::builder().issuer(issuer()).build().await.unwrap();
    assert!(verifier.keys().all(|keys| keys.issuer() == "https://idp.example" && keys.set().is_none()));
    let waiting = tokio::spawn({
        let verifier = verifier.clone();
        async move { verifier.wait_until_ready().await }
    });
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert!(!waiting.is_finished());
    provider.publish(&["known"]);
    tokio::time::timeout(Duration::from_secs(90), waiting).await.unwrap().unwrap();
    let keys = verifier.keys().next().unwrap();
    assert_eq!(keys.set().unwrap().iter().collect::<Vec<_>>(), [(Some("known"), vec![Algorithm::EdDSA])]);
    assert!(Verifier::builder().issuer(issuer()).require_keys().build().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn instances_that_start_together_do_not_refresh_together() {
    let mut moments = Vec::new();
    for _ in 0..20 {
        let provider = Provider::publishing(&["known"]);
        let _verifier = provider.verifier().await;
        let start = tokio::time::Instant::now();
        while provider.fetches() < 2 {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        moments.push(start.elapsed().as_secs());
    }
    assert!(moments.iter().all(|moment| (450..=512).contains(moment)), "{moments:?}");
    moments.sort_unstable();
    moments.dedup();
    assert!(moments.len() > 5, "{moments:?}");
}

#[tokio::test(start_paused = true)]
async fn a_set_that_did_not_change_is_confirmed_without_being_sent_again() {
    let provider = Provider::publishing(&["known"]);
    provider.0.recognises.store(true, Ordering::SeqCst);
    let verifier = provider.verifier().await;
    // Three days are far longer than the time after which unconfirmed keys are stale.
    for _ in 0..72 {
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        assert_eq!(verdict(&verifier, "known").await, "found");
    }
    assert_eq!(provider.0.unchanged.load(Ordering::SeqCst), provider.fetches() - 1);

    provider.publish(&["rotated-to-another-length"]);
    assert_eq!(verdict(&verifier, "rotated-to-another-length").await, "found");
    assert_eq!(verdict(&verifier, "known").await, "unknown");
}
