//! A socket in one task ends with its token.

use crate::world::{START, World, assert_closed, assert_echoes, next};
use countersign::clock::ManualClock;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// The end is exactly `exp`. The leeway applies only when the token is verified.
#[tokio::test(start_paused = true)]
async fn the_socket_ends_when_its_token_does() {
    for path in ["/echo", "/split", "/race"] {
        let world = World::new().await;
        let began = Instant::now();
        let mut client = world.authorized(path, world.token("alice", 600)).await;
        if path != "/race" {
            assert_echoes(&mut client, "hello").await;
        }
        assert_closed(&mut client, CloseCode::Policy, "token_expired").await;
        assert_eq!(began.elapsed().as_secs(), 600, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_only_sends_cannot_send_beyond_the_end() {
    let world = World::new().await;
    let mut client = world.authorized("/clock", world.token("alice", 150)).await;
    for _ in 0..3 {
        assert_eq!(next(&mut client).await.into_text().unwrap().as_str(), "tick");
    }
    assert_closed(&mut client, CloseCode::Policy, "token_expired").await;
}

/// A suspended machine, or a corrected clock.
#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_ahead_is_noticed_within_half_a_minute() {
    let clock = Arc::new(ManualClock::at(START));
    let world = World::with(Arc::clone(&clock) as _, |builder| builder).await;
    let mut client = world.authorized("/echo", world.token("alice", 3600)).await;
    assert_echoes(&mut client, "hello").await;
    // Time is paused, so this does not wait. It lets the first check pass.
    tokio::time::sleep(Duration::from_secs(45)).await;
    let jumped = Instant::now();
    clock.set(START + 3600);
    assert_closed(&mut client, CloseCode::Policy, "token_expired").await;
    assert!(jumped.elapsed() <= Duration::from_secs(31), "{:?}", jumped.elapsed());
}
