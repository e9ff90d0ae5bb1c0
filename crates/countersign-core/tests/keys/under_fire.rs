//! Floods, rotations and outages with paused time. The tests count the fetches that they cause.

use crate::provider::{Provider, token, verdict};
use countersign_core::{Unavailable, VerifyError};
use std::time::Duration;
use tokio::time::{Instant, advance, sleep};

const COOL_DOWN: Duration = Duration::from_secs(30);

/// Ten thousand invented keys in 1000 s, while tokens with a known key keep arriving.
async fn flood(provider: &Provider, verifier: &countersign_core::Verifier, expected: &str) -> usize {
    let before = provider.fetches();
    for kid in 0..10_000 {
        assert_eq!(verdict(verifier, &format!("bogus-{kid}")).await, expected);
        let start = Instant::now();
        assert_eq!(verdict(verifier, "known").await, "found");
        assert_eq!(start.elapsed(), Duration::ZERO, "a known key never waits");
        advance(Duration::from_millis(100)).await;
    }
    provider.fetches() - before
}

/// A provider whose keys may be cached for a day, so every further fetch is caused by an unknown key.
async fn for_a_day(kids: &[&str]) -> (Provider, countersign_core::Verifier) {
    let provider = Provider::publishing(kids);
    *provider.0.max_age.lock().unwrap() = Some(Duration::from_secs(24 * 3_600));
    let verifier = provider.verifier().await;
    (provider, verifier)
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_bogus_keys_cost_one_fetch_in_a_cool_down() {
    let (provider, verifier) = for_a_day(&["known"]).await;
    let fetches = flood(&provider, &verifier, "unknown").await;
    assert_eq!(fetches, 34, "1000 s hold 33 cool-downs, and the first moment of a 34th");
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_bogus_keys_cost_ever_fewer_fetches_while_the_provider_is_down() {
    let (provider, verifier) = for_a_day(&["known"]).await;
    provider.fail();
    let fetches = flood(&provider, &verifier, "unavailable").await;
    // Cool-downs of 30, 45 to 60, and from then on 90 to 120 seconds.
    assert!((9..=12).contains(&fetches), "{fetches} fetches in 1000 s");
}

#[tokio::test(start_paused = true)]
async fn a_flood_delays_a_rotation_by_one_cool_down_at_the_most() {
    let (provider, verifier) = for_a_day(&["known"]).await;
    let (mut worst, step) = (Duration::ZERO, Duration::from_millis(10));
    for rotation in 0..100 {
        let new = format!("new-{rotation}");
        // At any moment of a cool-down.
        for _ in 0..rotation {
            verdict(&verifier, "bogus").await;
            advance(Duration::from_millis(997)).await;
        }
        provider.publish(&["known", &new]);
        let start = Instant::now();
        let mut bogus = 0;
        while verdict(&verifier, &new).await == "unknown" {
            verdict(&verifier, &format!("bogus-{rotation}-{bogus}")).await;
            bogus += 1;
            advance(step).await;
        }
        worst = worst.max(start.elapsed());
    }
    assert!(worst <= COOL_DOWN + step, "{worst:?}");
    assert!(worst > COOL_DOWN / 2, "{worst:?}: the flood came too late to delay anything");
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_heals_is_asked_again_within_one_cool_down() {
    let (provider, verifier) = for_a_day(&["known"]).await;
    provider.fail();
    flood(&provider, &verifier, "unavailable").await;
    provider.publish(&["new"]);
    let start = Instant::now();
    while verdict(&verifier, "new").await == "unavailable" {
        advance(Duration::from_millis(100)).await;
    }
    assert!(start.elapsed() <= Duration::from_secs(120), "{:?}", start.elapsed());
    // From then on it is as fast as before.
    advance(COOL_DOWN).await;
    provider.publish(&["newer"]);
    assert_eq!(verdict(&verifier, "newer").await, "found");
}

#[tokio::test(start_paused = true)]
async fn a_thousand_rotations_under_load_lose_nothing_when_keys_overlap() {
    let provider = Provider::publishing(&["key-0"]);
    let verifier = provider.verifier().await;
    provider.take(Duration::from_millis(300));
    let mut verdicts = 0;
    for rotation in 1..=1_000 {
        let (old, new) = (format!("key-{}", rotation - 1), format!("key-{rotation}"));
        provider.publish(&[&old, &new]);
        let load: Vec<_> = (0..20)
            .map(|request| {
                let (verifier, kid) = (verifier.clone(), if request % 2 == 0 { old.clone() } else { new.clone() });
                tokio::spawn(async move { verdict(&verifier, &kid).await })
            })
            .collect();
        for request in load {
            assert_eq!(request.await.unwrap(), "found", "rotation {rotation}");
            verdicts += 1;
        }
        sleep(COOL_DOWN).await;
    }
    assert_eq!(verdicts, 20_000);
    let keys = verifier.keys().next().unwrap();
    let counts = keys.counts();
    // A regular refresh may find a new key first. Then no request causes a fetch.
    assert!(counts.forced <= 1_000 && counts.attempts <= 1_100, "{counts:?}");
    assert_eq!((counts.changes, counts.failures, counts.unknown), (1_001, 0, counts.found_after_refresh));
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_a_day_is_noticed_when_the_keys_are_a_day_old_and_not_before() {
    let provider = Provider::publishing(&["known"]);
    let verifier = provider.verifier().await;
    let start = Instant::now();
    provider.fail();
    let (mut found, mut unavailable) = (0, 0);
    for _minute in 0..25 * 60 {
        match verdict(&verifier, "known").await {
            "found" => found += 1,
            "unavailable" => {
                assert!(start.elapsed() > Duration::from_secs(24 * 3_600), "{:?}", start.elapsed());
                unavailable += 1;
            }
            other => panic!("{other}"),
        }
        sleep(Duration::from_secs(60)).await;
    }
    assert_eq!((found, unavailable), (24 * 60 + 1, 59));

    provider.publish(&["known"]);
    let start = Instant::now();
    verifier.wait_until_ready().await;
    assert!(start.elapsed() <= Duration::from_secs(75), "{:?}", start.elapsed());
    assert_eq!(verdict(&verifier, "known").await, "found");
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_asks_to_be_left_alone_is() {
    let provider = Provider::publishing(&["known"]);
    let verifier = provider.verifier().await;
    provider.fail();
    *provider.0.retry_after.lock().unwrap() = Some(Duration::from_secs(200));
    let Err(VerifyError::Unavailable(Unavailable { retry_after, .. })) = verifier.verify(&token("rotated")).await
    else {
        panic!("the verifier is not unavailable")
    };
    assert_eq!(((201..=221).contains(&retry_after.as_secs()), provider.fetches()), (true, 2), "{retry_after:?}");
    for _ in 0..199 {
        advance(Duration::from_secs(1)).await;
        assert_eq!(verdict(&verifier, "rotated").await, "unavailable");
    }
    assert_eq!(provider.fetches(), 2);
    provider.publish(&["rotated"]);
    advance(Duration::from_secs(21)).await;
    assert_eq!((verdict(&verifier, "rotated").await, provider.fetches()), ("found", 3));
}

#[tokio::test(start_paused = true)]
async fn a_provider_cannot_ask_to_be_left_alone_for_ever() {
    let provider = Provider::default();
    *provider.0.retry_after.lock().unwrap() = Some(Duration::MAX);
    let verifier = provider.verifier().await;
    provider.publish(&["known"]);
    let start = Instant::now();
    verifier.wait_until_ready().await;
    assert!((300..=330).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_key_that_an_attempt_showed_to_be_missing_is_not_asked_for_again_within_a_cool_down() {
    let provider = Provider::publishing(&["known"]);
    provider.take(Duration::from_secs(3));
    let verifier = provider.verifier().await;
    let timed = async |kid| {
        let start = Instant::now();
        (verdict(&verifier, kid).await, start.elapsed().as_secs(), provider.fetches())
    };
    assert_eq!(timed("late").await, ("unknown", 3, 2));
    assert_eq!(timed("late").await, ("unknown", 0, 2));
    provider.publish(&["known", "late"]);
    advance(COOL_DOWN).await;
    assert_eq!(timed("late").await, ("found", 3, 3), "an earlier request for the key causes no longer delay");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_began_before_a_token_came_does_not_show_that_its_key_is_missing() {
    let (provider, verifier) = for_a_day(&["known"]).await;
    provider.take(Duration::from_secs(4));
    let start = Instant::now();
    let other = {
        let verifier = verifier.clone();
        tokio::spawn(async move { verdict(&verifier, "bogus").await })
    };
    sleep(Duration::from_secs(1)).await;
    provider.publish(&["known", "new"]);
    assert_eq!((verdict(&verifier, "new").await, other.await.unwrap()), ("unknown", "unknown"));
    sleep(COOL_DOWN - start.elapsed()).await;
    assert_eq!((verdict(&verifier, "new").await, provider.fetches()), ("found", 3));
}

/// A due refresh is running and takes one more second. Its result is already fixed.
async fn amid_a_refresh(provider: &Provider) {
    let fetches = provider.fetches();
    provider.take(Duration::from_secs(1));
    while provider.fetches() == fetches {
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_meets_a_refresh_of_old_keys_is_answered_by_the_next_attempt() {
    let provider = Provider::publishing(&["known"]);
    let verifier = provider.verifier().await;
    amid_a_refresh(&provider).await;
    provider.publish(&["rotated"]);
    let start = Instant::now();
    assert_eq!(verdict(&verifier, "rotated").await, "found");
    // The refresh is cancelled, and the attempt that replaces it takes one second.
    assert_eq!((start.elapsed(), provider.fetches()), (Duration::from_secs(1), 3));
}

#[tokio::test(start_paused = true)]
async fn a_rotation_that_meets_a_slow_refresh_is_followed_within_one_attempt() {
    let provider = Provider::publishing(&["known"]);
    let verifier = provider.verifier().await;
    amid_a_refresh(&provider).await;
    provider.take(Duration::from_millis(4_900));
    provider.publish(&["rotated"]);
    assert_eq!(verdict(&verifier, "rotated").await, "found");
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_succeeds_ends_what_an_outage_made_longer() {
    let provider = Provider::publishing(&["known"]);
    *provider.0.max_age.lock().unwrap() = Some(Duration::from_secs(400));
    let verifier = provider.verifier().await;
    provider.fail();
    // Unknown keys cause fetches at 0, 30, and 75 to 90 seconds, and then none for up to two minutes. The refresh
    // comes after 300 to 340 seconds.
    while provider.fetches() < 6 {
        assert_eq!(verdict(&verifier, "rotated").await, "unavailable");
        sleep(Duration::from_secs(1)).await;
    }
    provider.publish(&["known"]);
    let failed = provider.fetches();
    while provider.fetches() == failed {
        sleep(Duration::from_millis(100)).await;
    }
    provider.publish(&["rotated"]);
    sleep(COOL_DOWN).await;
    assert_eq!(verdict(&verifier, "rotated").await, "found");
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_no_longer_than_an_attempt_may_take_and_is_told_to_come_back_soon() {
    let (provider, verifier) = for_a_day(&["known"]).await;
    provider.take(Duration::from_secs(3_600));
    let start = Instant::now();
    let Err(VerifyError::Unavailable(Unavailable { retry_after, .. })) = verifier.verify(&token("rotated")).await
    else {
        panic!("the verifier is not unavailable")
    };
    // The cool-down counts from the start of the attempt.
    assert_eq!((start.elapsed().as_secs(), retry_after.as_secs()), (5, 26));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_meets_a_hanging_refresh_waits_no_longer_than_an_attempt_may_take() {
    let provider = Provider::publishing(&["known"]);
    let verifier = provider.verifier().await;
    provider.take(Duration::from_secs(3_600));
    // The due refresh already hangs when the token arrives.
    while provider.fetches() < 2 {
        sleep(Duration::from_millis(100)).await;
    }
    sleep(Duration::from_secs(4)).await;
    let start = Instant::now();
    assert_eq!(verdict(&verifier, "rotated").await, "unavailable");
    assert_eq!(start.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_report_tells_what_happened_to_the_keys() {
    let provider = Provider::publishing(&["known"]);
    let verifier = provider.verifier().await;
    sleep(Duration::from_secs(100)).await;
    provider.publish(&["new"]);
    assert_eq!(verdict(&verifier, "new").await, "found");
    assert_eq!(verdict(&verifier, "bogus").await, "unknown");
    sleep(COOL_DOWN).await;
    provider.fail();
    assert_eq!(verdict(&verifier, "newer").await, "unavailable");

    let keys = verifier.keys().next().unwrap();
    let counts = keys.counts();
    assert_eq!((counts.attempts, counts.forced, counts.failures, counts.changes), (3, 2, 1, 2));
    assert_eq!((counts.unknown, counts.found_after_refresh), (3, 1));
    assert_eq!((keys.age(), keys.last_failure()), (Some(COOL_DOWN), Some("the provider is down")));
    assert_eq!(
        keys.to_string(),
        "https://idp.example: 1 keys, confirmed 30 s ago, the last attempt failed: the provider is down"
    );
}
