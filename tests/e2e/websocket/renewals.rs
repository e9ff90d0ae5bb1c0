//! A new token for an open socket.

use crate::world::{Running, World, assert_closed, next, say};
use axum::extract::ws::Message;
use countersign::VerifierBuilder;
use countersign::entitlements::{CallerId, Entitlements};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

#[tokio::test(start_paused = true)]
async fn a_new_token_by_message_lets_the_socket_live_on() {
    let world = World::new().await;
    let began = Instant::now();
    let mut client = world.authorized("/listen", world.token("alice", 60)).await;
    for (token, answer) in [
        (world.token("mallory", 9_000).mint(), "other_caller"),
        (world.token("alice", 9_000).without("scope").mint(), "insufficient_scope"),
        (world.token("alice", 9_000).audience("other").mint(), "invalid_token"),
        ("a b".to_owned(), "invalid_request"),
        ("a\nb".to_owned(), "invalid_token"),
        (world.token("alice", 600).mint(), "renewed"),
    ] {
        say(&mut client, &token).await;
        assert_eq!(next(&mut client).await.into_text().unwrap().as_str(), answer);
    }
    assert_closed(&mut client, CloseCode::Policy, "token_expired").await;
    assert_eq!(began.elapsed().as_secs(), 600);
}

/// Handlers distinguish callers by more than issuer and subject.
#[tokio::test(start_paused = true)]
async fn only_the_same_caller_in_the_same_part_goes_on() {
    let world = World::new().await;
    let first = |claims: &[(&str, Value)]| {
        let token = world.token("alice", 9_000).without("client_id");
        claims.iter().fold(token, |token, (name, value)| token.claim(name, value.clone()))
    };
    let (a, b) = (json!("a"), json!("b"));
    let (by_bob, by_carol) = (json!({"sub": "bob"}), json!({"sub": "carol"}));
    let by_bob_for_carol = json!({"sub": "bob", "act": {"sub": "carol"}});
    let by_bob_elsewhere = json!({"sub": "bob", "iss": "https://other.example"});
    for (name, first_has, then_has) in [
        ("org_id", Some(&a), Some(&b)),
        ("org_id", Some(&a), None),
        ("org_id", None, Some(&b)),
        ("act", Some(&by_bob), Some(&by_carol)),
        ("act", Some(&by_bob), None),
        ("act", None, Some(&by_bob)),
        ("act", Some(&by_bob), Some(&by_bob_for_carol)),
        ("act", Some(&by_bob), Some(&by_bob_elsewhere)),
        ("azp", Some(&a), Some(&b)),
        ("client_id", Some(&a), Some(&b)),
        ("client_id", Some(&a), None),
        ("appid", Some(&a), Some(&b)),
        ("cid", Some(&a), Some(&b)),
        // A program instead of a person, since `sub` is the client.
        ("azp", None, Some(&json!("alice"))),
    ] {
        let with = |value: Option<&Value>| value.map(|value| (name, value.clone()));
        let mut client = world.authorized("/listen", first(with(first_has).as_slice())).await;
        for (token, answer) in [
            (first(with(then_has).as_slice()), "other_caller"),
            (first(with(first_has).as_slice()).claim("jti", "another"), "renewed"),
            (first(with(then_has).as_slice()), "other_caller"),
        ] {
            say(&mut client, &token.mint()).await;
            let said = next(&mut client).await.into_text().unwrap();
            assert_eq!(said.as_str(), answer, "{name}: {first_has:?}, then {then_has:?}");
        }
    }
}

/// Other claims may change from token to token.
#[tokio::test(start_paused = true)]
async fn a_new_token_may_say_more_or_less_about_the_same_caller() {
    let world = World::new().await;
    let mut client = world.authorized("/listen", world.token("alice", 9_000)).await;
    for (name, value) in [
        ("jti", json!("another")),
        ("sid", json!("another session")),
        ("email", json!("alice@example.test")),
        ("groups", json!(["staff"])),
        ("org_id", Value::Null),
        ("act", Value::Null),
    ] {
        say(&mut client, &world.token("alice", 9_000).claim(name, value).mint()).await;
        assert_eq!(next(&mut client).await.into_text().unwrap().as_str(), "renewed", "{name}");
    }
}

/// A slow verification of a new token does not keep a socket open.
#[tokio::test(start_paused = true)]
async fn a_renewal_that_takes_too_long_ends_with_the_token() {
    // The caller is known at once, and its entitlements after a while.
    let slow = |builder: VerifierBuilder| {
        builder.entitlements(|_: CallerId| async {
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            Ok(Entitlements::default())
        })
    };
    for (asked_at, expected) in [(597, Ok(())), (599, Err("token_expired")), (600, Err("token_expired"))] {
        let mut world = World::with(Arc::new(Running(Instant::now())), slow).await;
        let began = Instant::now();
        let (mut socket, mut client) = world.socket("/hand-over", 600).await;
        tokio::time::sleep_until(began + Duration::from_secs(asked_at)).await;
        let token = world.token("alice", 9_000).mint();
        let renewed = socket.renew(&token).await.map_err(|error| error.code());
        assert_eq!((renewed, began.elapsed().as_secs()), (expected, if asked_at == 597 { 598 } else { 600 }));
        if expected.is_err() {
            assert_closed(&mut client, CloseCode::Policy, "token_expired").await;
            assert_eq!(socket.renew(&token).await.unwrap_err().code(), "token_expired");
            assert!(socket.recv().await.is_none());
        } else {
            assert!(socket.send(Message::text("hello")).await.is_ok());
        }
    }
}
