//! A key that the provider has removed: the time in which it still verifies, and the operator's refresh that ends this
//! at once.

use crate::provider::{Provider, build, verdict};
use countersign_core::{Audience, ConfigError, Issuer, IssuerKeys, Verifier};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A provider whose responses may be cached for a day.
fn for_a_day(kids: &[&str]) -> Provider {
    let provider = Provider::publishing(kids);
    *provider.0.max_age.lock().unwrap() = Some(DAY);
    provider
}

#[tokio::test(start_paused = true)]
async fn a_removed_key_is_believed_no_longer_than_the_maximum_age() {
    for (age, fetches_in_a_day) in [(MINUTE, 1_700..=1_940), (10 * MINUTE, 170..=194), (HOUR, 28..=33), (DAY, 1..=2)] {
        let provider = for_a_day(&["leaving", "staying"]);
        let verifier = build(provider.issuer().max_key_age(age)).await;
        provider.publish(&["staying"]);
        sleep(age).await;
        assert_eq!(verdict(&verifier, "staying").await, "found");
        // The refresh came before the keys reached their maximum age, so no request was without keys.
        assert_eq!(provider.fetches(), 2, "{age:?}");
        assert_eq!(verdict(&verifier, "leaving").await, "unknown", "{age:?}");

        let start = Instant::now();
        let before = provider.fetches();
        while start.elapsed() < DAY {
            assert_eq!(verifier.ready(), Ok(()), "{age:?}");
            sleep(MINUTE / 2).await;
        }
        let fetches = provider.fetches() - before;
        assert!(fetches_in_a_day.contains(&fetches), "{fetches} fetches in a day of {age:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn keys_beyond_their_maximum_age_are_not_believed_in_an_outage_and_it_heals() {
    let provider = for_a_day(&["known"]);
    let verifier = build(provider.issuer().max_key_age(10 * MINUTE)).await;
    provider.fail();
    sleep(10 * MINUTE - Duration::from_secs(1)).await;
    assert_eq!(verdict(&verifier, "known").await, "found");
    sleep(Duration::from_secs(2)).await;
    assert_eq!(verdict(&verifier, "known").await, "unavailable");
    provider.publish(&["known"]);
    sleep(2 * MINUTE).await;
    assert_eq!(verdict(&verifier, "known").await, "found");
}

#[tokio::test(start_paused = true)]
async fn a_maximum_that_makes_no_sense_is_refused() {
    let provider = Provider::publishing(&["known"]);
    let given = || {
        let keys = IssuerKeys::jwks(format!(r#"{{"keys":[{{{}}}]}}"#, crate::provider::KEY));
        Issuer::new("https://idp.example", keys).audience(Audience::any_of(["api"]))
    };
    for (issuer, expected) in [
        (provider.issuer().max_key_age(MINUTE), None),
        (provider.issuer().max_key_age(DAY), None),
        (provider.issuer().max_key_age(MINUTE - Duration::from_nanos(1)), Some("max_key_age")),
        (provider.issuer().max_key_age(Duration::ZERO), Some("max_key_age")),
        (provider.issuer().max_key_age(DAY + Duration::from_nanos(1)), Some("max_key_age")),
        (given(), None),
        (given().max_key_age(HOUR), Some("max_key_age")),
        (given().max_lifetime(HOUR), None),
        (given().max_lifetime(Duration::ZERO), Some("max_lifetime")),
    ] {
        let refused = match Verifier::builder().issuer(issuer).build().await {
            Ok(_) => None,
            Err(ConfigError::InvalidSetting { setting, .. }) => Some(setting),
            Err(other) => panic!("{other}"),
        };
        assert_eq!(refused, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn an_operator_refreshes_whatever_cools_down() {
    let provider = for_a_day(&["leaving", "staying"]);
    let verifier = provider.verifier().await;
    assert_eq!(verdict(&verifier, "bogus").await, "unknown");
    assert_eq!(provider.fetches(), 2, "and a cool-down has begun");
    provider.publish(&["staying"]);
    assert_eq!(verdict(&verifier, "leaving").await, "found");

    for round in 1..=5 {
        assert_eq!(verifier.refresh_keys_now().await, Ok(()));
        assert_eq!(provider.fetches(), 2 + round);
        assert_eq!(verdict(&verifier, "staying").await, "found");
    }
    // Requests cannot trigger a fetch: the cool-down of unknown keys continues.
    assert_eq!(verdict(&verifier, "leaving").await, "unknown");
    assert_eq!(verdict(&verifier, "another-bogus").await, "unknown");
    assert_eq!(provider.fetches(), 7);
    // No later attempt is scheduled.
    sleep(HOUR).await;
    assert_eq!(provider.fetches(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_orders_share_one_attempt() {
    let provider = for_a_day(&["known"]);
    let verifier = provider.verifier().await;
    provider.take(Duration::from_secs(1));
    let orders = |count: usize| -> Vec<_> {
        let order = |_| {
            tokio::spawn({
                let verifier = verifier.clone();
                async move { verifier.refresh_keys_now().await }
            })
        };
        (0..count).map(order).collect()
    };
    let first = orders(1_000);
    sleep(Duration::from_millis(500)).await;
    assert_eq!(provider.fetches(), 2);
    // The operator calls while an attempt runs. Its answer may be older than the incident, so another attempt follows.
    let second = orders(1_000);
    for order in first.into_iter().chain(second) {
        assert_eq!(order.await.unwrap(), Ok(()));
    }
    assert_eq!(provider.fetches(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_order_is_answered_by_an_attempt_that_began_after_it() {
    for (is_due, age) in [(true, 10 * MINUTE), (false, DAY)] {
        let provider = for_a_day(&["leaving", "staying"]);
        let verifier = build(provider.issuer().max_key_age(age)).await;
        provider.take(Duration::from_secs(2));
        if is_due {
            while provider.fetches() < 2 {
                sleep(Duration::from_millis(100)).await;
            }
        } else {
            let verifier = verifier.clone();
            tokio::spawn(async move { verdict(&verifier, "bogus").await });
            sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(provider.fetches(), 2, "an attempt is under way, and its answer on the way");
        provider.publish(&["staying"]);
        assert_eq!(verifier.refresh_keys_now().await, Ok(()));
        let keys = verifier.keys().next().unwrap();
        assert_eq!(keys.set().unwrap().len(), 1, "due: {is_due}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_refreshed_is_named_and_the_good_keys_stay() {
    let (good, bad, empty) = (for_a_day(&["known"]), for_a_day(&["known"]), for_a_day(&["known"]));
    let issuer = |name: &str, keys| Issuer::new(name, keys).audience(Audience::any_of(["api"]));
    let given = IssuerKeys::jwks(format!(r#"{{"keys":[{{{}}}]}}"#, crate::provider::KEY));
    let verifier = Verifier::builder()
        .issuer(issuer("https://idp.example", IssuerKeys::fetched(bad.clone())))
        .issuer(issuer("https://good.example", IssuerKeys::fetched(good.clone())))
        .issuer(issuer("https://empty.example", IssuerKeys::fetched(empty.clone())))
        .issuer(issuer("https://given.example", given))
        .build()
        .await
        .unwrap();
    bad.fail();
    empty.publish(&[]);
    let error = verifier.refresh_keys_now().await.unwrap_err();
    let failures: Vec<_> = error.failures().collect();
    let expected =
        [("https://idp.example", "the provider is down"), ("https://empty.example", "the answer holds no usable key")];
    assert_eq!(failures, expected);
    assert_eq!(
        error.to_string(),
        "keys were not refreshed: issuer `https://idp.example`: the provider is down; issuer `https://empty.example`: the \
         answer holds no usable key"
    );
    assert_eq!((good.fetches(), bad.fetches(), empty.fetches()), (2, 2, 2));
    assert_eq!(verdict(&verifier, "known").await, "found");

    // Attempts continue in the background, soon and not only at the regular refresh.
    bad.publish(&["known"]);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(bad.fetches(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_order_waits_ten_seconds_for_a_provider_that_hangs() {
    let provider = for_a_day(&["known"]);
    let verifier = provider.verifier().await;
    provider.take(HOUR);
    let start = Instant::now();
    let bogus = tokio::spawn({
        let verifier = verifier.clone();
        async move { (verdict(&verifier, "bogus").await, Instant::now()) }
    });
    sleep(Duration::from_millis(1)).await;
    let error = verifier.refresh_keys_now().await.unwrap_err();
    assert_eq!(
        error.failures().next(),
        Some(("https://idp.example", "no answer within 5 seconds: deadline has elapsed"))
    );
    assert_eq!(start.elapsed().as_secs(), 10);
    let (verdict, when) = bogus.await.unwrap();
    assert_eq!((verdict, (when - start).as_secs()), ("unavailable", 5));
}

#[tokio::test(start_paused = true)]
async fn orders_keep_nobody_waiting_who_names_a_new_key() {
    let provider = for_a_day(&["old"]);
    let verifier = provider.verifier().await;
    provider.take(Duration::from_secs(4));
    let order = tokio::spawn({
        let verifier = verifier.clone();
        async move { verifier.refresh_keys_now().await }
    });
    sleep(Duration::from_secs(3)).await;
    provider.publish(&["new", "old"]);
    let start = Instant::now();
    assert_eq!(verdict(&verifier, "new").await, "found");
    assert_eq!(start.elapsed().as_secs(), 4, "the attempt that was under way is given up for a newer one");
    assert_eq!(order.await.unwrap(), Ok(()));
    assert_eq!(provider.0.fetches.load(Ordering::SeqCst), 3);
}

#[test]
fn an_order_after_the_runtime_is_gone_fails_at_once() {
    let provider = Provider::publishing(&["known"]);
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let verifier = {
        let first = runtime();
        first.block_on(provider.verifier())
    };
    runtime().block_on(async {
        let start = std::time::Instant::now();
        let error = verifier.refresh_keys_now().await.unwrap_err();
        assert!(error.to_string().contains("build the verifier in the runtime that uses it"), "{error}");
        assert!(start.elapsed() < Duration::from_secs(5));
    });
}
