//! Accepted and rejected upgrades, by token.

use crate::world::{API, Running, World, app, assert_closed, assert_echoes, assert_refused, connect};
use countersign::keys::IssuerKeys;
use countersign::policy::Issuer;
use countersign::providers::Oidc;
use countersign::{Source, Verifier};
use countersign_testing::TestIssuer;
use countersign_tests::UnreachableProvider;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

#[tokio::test(start_paused = true)]
async fn a_bad_token_is_refused_before_the_upgrade() {
    let world = World::new().await;
    assert_refused(world.connect("/echo", &[]).await, 401, Some(""));
    assert_refused(world.connect("/echo", &[("sec-websocket-protocol", "chat")]).await, 401, Some(""));
    assert_refused(world.connect("/echo", &[("sec-websocket-protocol", "bearer")]).await, 400, Some("invalid_request"));
    assert_refused(world.connect("/echo", &[("authorization", "Bearer a.b.c")]).await, 401, Some("invalid_token"));
    let protocols = [("sec-websocket-protocol", "bearer, a.b.c")];
    assert_refused(world.connect("/echo", &protocols).await, 401, Some("invalid_token"));

    let token = world.token("alice", 60).mint();
    let (bearer, offered) = (format!("Bearer {token}"), format!("bearer, {token}"));
    let both = [("authorization", bearer.as_str()), ("sec-websocket-protocol", &offered)];
    assert_refused(world.connect("/echo", &both).await, 400, Some("invalid_request"));
    let poor = format!("Bearer {}", world.token("alice", 60).without("scope").mint());
    let poor = [("authorization", poor.as_str())];
    assert_refused(world.connect("/listen", &poor).await, 403, Some("insufficient_scope"));
}

/// Over a socket, with the machine's clock.
#[tokio::test]
async fn the_token_comes_in_a_header_or_as_a_protocol_and_is_never_echoed() {
    let issuer = TestIssuer::start().await.unwrap();
    let provider = Oidc::issuer(issuer.url()).audience(API);
    let app = app(Verifier::builder().issuer(provider).build().await.unwrap(), mpsc::channel(1).0);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });

    let token = issuer.token("alice").audience(API).mint();
    let (bearer, offered) = (format!("Bearer {token}"), format!("bearer, {token}"));
    let (with_chat, after_chat) = (format!("bearer,{token},chat"), format!("chat, bearer, {token}"));
    for (path, line, chosen) in [
        ("/echo", ("authorization", &bearer), None),
        ("/echo", ("sec-websocket-protocol", &offered), Some("bearer")),
        ("/echo", ("sec-websocket-protocol", &with_chat), Some("bearer")),
        ("/chat", ("sec-websocket-protocol", &with_chat), Some("chat")),
        ("/chat", ("sec-websocket-protocol", &after_chat), Some("chat")),
        ("/chat", ("sec-websocket-protocol", &offered), Some("bearer")),
    ] {
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut client, handshake) = connect(stream, path, &[(line.0, line.1)]).await.unwrap();
        let answered = handshake.headers().get("sec-websocket-protocol").map(|value| value.to_str().unwrap());
        assert_eq!(answered, chosen, "{path}");
        assert!(!format!("{:?}", handshake.headers()).contains(&token));
        assert_echoes(&mut client, "hello").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_browser_gets_a_close_that_it_can_read() {
    let world = World::new().await;
    let poor = format!("bearer, {}", world.token("alice", 60).without("scope").mint());
    let mut client = world.connect("/browser", &[]).await.unwrap();
    assert_closed(&mut client, CloseCode::Policy, "missing_token").await;
    for (protocols, reason) in [("bearer, a.b.c", "invalid_token"), (&poor, "insufficient_scope")] {
        let mut client = world.connect("/browser", &[("sec-websocket-protocol", protocols)]).await.unwrap();
        assert_closed(&mut client, CloseCode::Policy, reason).await;
    }
    let good = format!("bearer, {}", world.token("alice", 60).mint());
    let mut client = world.connect("/browser", &[("sec-websocket-protocol", &good)]).await.unwrap();
    assert_echoes(&mut client, "hello").await;
}

#[tokio::test]
async fn without_keys_a_browser_is_told_to_try_again_later() {
    let issuer = TestIssuer::start().await.unwrap();
    let down = Issuer::new(issuer.url(), IssuerKeys::fetched(UnreachableProvider))
        .audience(countersign::policy::Audience::any_of([API]));
    let app = app(Verifier::builder().issuer(down).build().await.unwrap(), mpsc::channel(1).0);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let bearer = format!("Bearer {}", issuer.token("alice").audience(API).mint());
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut client, _) = connect(stream, "/browser", &[("authorization", &bearer)]).await.unwrap();
    assert_closed(&mut client, CloseCode::Again, "temporarily_unavailable").await;
}

/// Cross-site websocket hijacking: browsers send cookies with the upgrade of any page.
#[tokio::test(start_paused = true)]
async fn an_upgrade_by_cookie_must_come_from_the_same_origin() {
    let world = World::with(Arc::new(Running(Instant::now())), |builder| {
        builder.sources([Source::cookie("s")]).trusted_origins(["https://app.example"])
    })
    .await;
    let cookie = format!("s={}", world.token("alice", 60).mint());
    for (origin, is_own) in [
        ("https://api.example", true),
        ("https://app.example", true),
        ("http://api.example", false),
        ("https://attacker.example", false),
        ("null", false),
    ] {
        let verdict = world.connect("/echo", &[("cookie", &cookie), ("origin", origin)]).await;
        if is_own {
            assert_echoes(&mut verdict.unwrap(), origin).await;
        } else {
            assert_refused(verdict, 403, None);
        }
    }
    assert_refused(world.connect("/echo", &[("cookie", &cookie)]).await, 403, None);
    // A browser reads the reason from the close frame.
    let lines = [("cookie", cookie.as_str()), ("origin", "https://attacker.example")];
    let mut client = world.connect("/browser", &lines).await.unwrap();
    assert_closed(&mut client, CloseCode::Policy, "cross_origin").await;
}

#[tokio::test(start_paused = true)]
async fn a_token_in_the_query_counts_where_that_danger_was_taken() {
    let token = |world: &World| format!("/echo?access_token={}", world.token("alice", 60).mint());
    let world = World::new().await;
    assert_refused(world.connect(&token(&world), &[]).await, 401, Some(""));
    let world = World::with(Arc::new(Running(Instant::now())), |builder| {
        builder.sources([Source::danger().query("access_token")])
    })
    .await;
    assert_echoes(&mut world.connect(&token(&world), &[]).await.unwrap(), "hello").await;
}
