//! One look-up for all requests of a caller, cached for its lifetime. Without an answer there is no verdict.

use crate::directory::{Mood, NOW, World};
use countersign::Verifier;
use countersign::error::Dependency;
use countersign::verified::VerifiedToken;
use serde_json::json;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

const GROUP: Mood = Mood::Group("staff");

#[track_caller]
fn assert_in(groups: Option<Vec<String>>, expected: &str) {
    assert_eq!(groups.expect("a verdict"), [expected]);
}

/// Runs every ready task while time is paused.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn grants_stand_beside_those_of_the_token() {
    let world = World::new(GROUP).await;
    let token = world.token("alice", json!({"groups": ["staff", "hr"], "roles": ["author"], "scope": "read"}));
    let granted = world.verifier.caller(&world.verifier.verify(&token).await.unwrap()).await.unwrap();
    let principal = granted.principal();
    assert_eq!(principal.groups().iter().collect::<Vec<_>>(), ["staff", "hr"], "each once");
    assert_eq!(principal.roles().iter().collect::<Vec<_>>(), ["author", "https://idp.example/-/alice"]);
    assert!(principal.permissions().contains("items:read") && principal.scopes().len() == 1);
    assert!(granted.token().principal().permissions().is_empty(), "the token says what it said");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_who_ask_at_once_cost_one_look_up() {
    let world = World::with(GROUP, |builder| builder.entitlements_deadline(Duration::from_secs(60))).await;
    let token = world.verified("alice").await;
    let closed = world.directory.gate.acquire_many(10_000).await.unwrap();
    let asking = a_thousand(&world, &token);
    let called = async {
        while world.calls() == 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(60), called).await.expect("a look-up");
    drop(closed);
    for asked in asking {
        assert!(asked.await.unwrap());
    }
    assert_eq!(world.calls(), 1);
}

/// Runs a thousand tasks, and gives `true` for each that got a verdict.
fn a_thousand(world: &World, token: &VerifiedToken) -> Vec<JoinHandle<bool>> {
    so_many(1_000, world, token)
}

fn so_many(count: usize, world: &World, token: &VerifiedToken) -> Vec<JoinHandle<bool>> {
    let ask = |_| {
        let (verifier, token) = (world.verifier.clone(), token.clone());
        tokio::spawn(async move { verifier.caller(&token).await.is_ok() })
    };
    (0..count).map(ask).collect()
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_a_failure_shares_it() {
    let world = World::new(Mood::Fails).await;
    let token = world.verified("alice").await;
    let closed = world.directory.gate.acquire_many(10_000).await.unwrap();
    let asking = a_thousand(&world, &token);
    settle().await;
    drop(closed);
    for asked in asking {
        assert!(!asked.await.unwrap());
    }
    assert_eq!(world.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_given_up_takes_nothing_with_it() {
    let world = World::new(GROUP).await;
    let token = world.verified("alice").await;
    let closed = world.directory.gate.acquire_many(10_000).await.unwrap();
    assert!(timeout(Duration::from_millis(10), world.verifier.caller(&token)).await.is_err(), "given up");
    let (verifier, second) = (world.verifier.clone(), token.clone());
    let second = tokio::spawn(async move { verifier.caller(&second).await.is_ok() });
    settle().await;
    drop(closed);
    assert!(second.await.unwrap());
    assert_eq!(world.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_look_up_that_hangs_ends_at_its_deadline() {
    for (deadline, expected) in [(None, 2), (Some(7), 7)] {
        let set = deadline.map(Duration::from_secs);
        let world = World::with(Mood::Hangs, |builder| match set {
            Some(deadline) => builder.entitlements_deadline(deadline),
            None => builder,
        })
        .await;
        let token = world.verified("alice").await;
        let start = Instant::now();
        let unavailable = world.verifier.caller(&token).await.unwrap_err();
        assert_eq!((unavailable.dependency, unavailable.retry_after.as_secs()), (Dependency::Entitlements, 1));
        assert_eq!(start.elapsed().as_secs(), expected);
        world.set_mood(GROUP);
        assert_in(world.groups(&token).await, "staff");
    }
}

#[tokio::test]
async fn a_failure_is_not_kept() {
    for mood in [Mood::Fails, Mood::Panics] {
        let world = World::new(mood).await;
        let token = world.verified("alice").await;
        for calls in 1..4 {
            assert_eq!(world.groups(&token).await, None, "{mood:?}");
            assert_eq!(world.calls(), calls);
        }
        world.set_mood(GROUP);
        assert_in(world.groups(&token).await, "staff");
    }
}

#[tokio::test]
async fn grants_serve_for_a_minute_or_as_long_as_is_set() {
    for (lifetime, seconds) in [(None, 60), (Some(5), 5)] {
        let world = World::with(GROUP, |builder| match lifetime {
            Some(lifetime) => builder.entitlements_lifetime(Duration::from_secs(lifetime)),
            None => builder,
        })
        .await;
        let token = world.verified("alice").await;
        assert_in(world.groups(&token).await, "staff");
        world.set_mood(Mood::Group("former"));
        world.clock.set(NOW + seconds - 1);
        assert_in(world.groups(&token).await, "staff");
        assert_eq!(world.calls(), 1);
        world.clock.set(NOW + seconds);
        assert_in(world.groups(&token).await, "former");

        world.set_mood(Mood::Fails);
        world.clock.set(NOW + 3 * seconds);
        assert_eq!(world.groups(&token).await, None, "an expired answer is never used, even if there is no other");
        world.set_mood(GROUP);
        world.clock.set(NOW);
        assert_in(world.groups(&token).await, "staff");
        assert_eq!(world.calls(), 4, "a clock that was set back asks anew");
    }
}

#[tokio::test]
async fn with_no_lifetime_every_request_asks() {
    let world = World::with(GROUP, |builder| builder.entitlements_lifetime(Duration::ZERO)).await;
    let token = world.verified("alice").await;
    for calls in 1..4 {
        assert_in(world.groups(&token).await, "staff");
        assert_eq!(world.calls(), calls);
    }
}

#[tokio::test]
async fn tokens_of_one_caller_share_a_look_up_and_those_of_others_do_not() {
    let world = World::new(GROUP).await;
    let tokens = [
        (world.token("alice", json!({})), 1),
        (world.token("alice", json!({"jti": "another"})), 1),
        (world.token("bob", json!({})), 2),
        (world.token_of_the_other_issuer("alice"), 3),
        (world.token("alice", json!({"preferred_username": "al"})), 4),
        (world.token("alice", json!({"org_id": "a"})), 5),
        (world.token("alice", json!({"org_id": "b"})), 6),
        (world.token("alice", json!({"org_id": "a", "jti": "another"})), 6),
        (world.token("alice", json!({"org_id": null})), 6),
    ];
    for (token, calls) in tokens {
        let token = world.verifier.verify(&token).await.unwrap();
        let granted = world.verifier.caller(&token).await.unwrap();
        let principal = token.principal();
        let caller = [principal.issuer(), principal.tenant().unwrap_or("-"), principal.subject()].join("/");
        assert!(granted.principal().roles().contains(&caller));
        assert_eq!(world.calls(), calls);
    }
}

#[tokio::test]
async fn a_principal_is_merged_once_for_a_token() {
    let world = World::new(GROUP).await;
    let token = world.verified("alice").await;
    let first = world.verifier.caller(&token).await.unwrap();
    let again = world.verifier.verify(token.raw()).await.unwrap();
    let second = world.verifier.caller(&again).await.unwrap();
    assert!(std::ptr::eq(first.principal(), second.principal()));
    assert!(world.verifier.caller_now(&again).is_some());
}

#[tokio::test]
async fn what_one_verifier_looked_up_says_nothing_to_another() {
    let world = World::new(GROUP).await;
    let other = World::new(Mood::Group("other")).await;
    let token = world.verified("alice").await;
    assert_in(world.groups(&token).await, "staff");
    assert_in(other.groups(&token).await, "other");
    assert_in(world.groups(&token).await, "staff");
}

#[tokio::test]
async fn the_bound_holds_however_many_callers_come() {
    let world = World::with(GROUP, |builder| builder.entitlements_cache_bytes(64 * 1024).cache_bytes(0)).await;
    for number in 0..1_000 {
        assert_in(world.groups(&world.verified(&format!("caller {number}")).await).await, "staff");
    }
    assert_eq!(world.calls(), 1_000);
    for number in 0..1_000 {
        assert_in(world.groups(&world.verified(&format!("caller {number}")).await).await, "staff");
    }
    assert!(world.calls() > 1_500, "most of them were pushed out: {}", world.calls());
}

#[tokio::test]
async fn grants_count_as_part_of_the_tokens_that_they_are_kept_beside() {
    let world = World::with(Mood::Crowd, |builder| builder.cache_bytes(2 * 1024 * 1024)).await;
    let mut tokens = Vec::new();
    for number in 0..100 {
        let token = world.verified(&format!("caller {number}")).await;
        assert_eq!(world.groups(&token).await.map(|groups| groups.len()), Some(1_000));
        tokens.push(token);
    }
    let mut known = 0;
    for token in &tokens {
        let again = world.verifier.verify(token.raw()).await.unwrap();
        known += usize::from(std::ptr::eq(token.principal(), again.principal()));
    }
    // Each takes some 120 KB. Without their entitlements, all of them would fit.
    assert!((1..=17).contains(&known), "{known}");
}

/// Cache sizes from zero to a little more than one caller takes. Only the last one has room for the crowd.
const SMALL: [usize; 8] = [0, 1, 100, 300, 500, 1_000, 64 * 1024, 1024 * 1024];

#[tokio::test]
async fn a_cache_of_any_size_costs_one_look_up_at_a_time() {
    for (bytes, mood) in
        SMALL.into_iter().flat_map(|bytes| [(bytes, GROUP), (bytes, Mood::Crowd), (bytes, Mood::Fails)])
    {
        let world = World::with(mood, |builder| builder.entitlements_cache_bytes(bytes)).await;
        let token = world.verified("alice").await;
        for round in 1..4 {
            let (before, closed) = (world.calls(), world.directory.gate.acquire_many(10_000).await.unwrap());
            let asking = so_many(20, &world, &token);
            settle().await;
            let calls = world.calls() - before;
            drop(closed);
            for asked in asking {
                assert!(asked.await.is_ok());
            }
            settle().await;
            assert!(calls <= 1, "{bytes} {mood:?}, round {round}: {calls} look-ups at once");
        }
    }
}

#[tokio::test]
async fn a_look_up_under_way_is_found_however_many_callers_push_out_what_is_kept() {
    let world = World::with(GROUP, |builder| builder.entitlements_cache_bytes(4 * 1024).without_cache()).await;
    let alice = world.verified("alice").await;
    let closed = world.directory.gate.acquire_many(10_000).await.unwrap();
    let mut asking = so_many(200, &world, &alice);
    settle().await;
    for number in 0..200 {
        let (verifier, other) = (world.verifier.clone(), world.verified(&format!("caller {number}")).await);
        asking.push(tokio::spawn(async move { verifier.caller(&other).await.is_ok() }));
    }
    settle().await;
    asking.extend(so_many(200, &world, &alice));
    settle().await;
    drop(closed);
    for asked in asking {
        assert!(asked.await.unwrap());
    }
    assert_eq!(world.calls(), 201);
}

#[tokio::test]
async fn a_cache_without_room_asks_each_time_and_answers_all_the_same() {
    let world = World::with(GROUP, |builder| builder.entitlements_cache_bytes(0).without_cache()).await;
    for calls in 1..4 {
        assert_in(world.groups(&world.verified("alice").await).await, "staff");
        assert_eq!(world.calls(), calls);
    }
}

#[test]
fn outside_of_a_runtime_there_is_no_verdict_and_no_panic() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (verifier, token): (Verifier, _) = runtime().block_on(async {
        let world = World::new(GROUP).await;
        let token = world.verified("alice").await;
        (world.verifier, token)
    });
    assert!(verifier.caller_now(&token).is_none());
    // The look-up's task ended with its runtime.
    assert!(runtime().block_on(verifier.caller(&token)).is_ok());
}
