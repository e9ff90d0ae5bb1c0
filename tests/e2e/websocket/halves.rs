//! Both halves of a socket end with its token, whatever the tasks and the peer do.

use crate::world::{START, World, assert_closed, connect, next};
use axum::Router;
use axum::extract::ws::Message;
use axum::routing::any;
use countersign::Verifier;
use countersign::clock::ManualClock;
use countersign::providers::Oidc;
use countersign::ws::{AuthenticatedSocket, AuthenticatedUpgrade};
use countersign_testing::TestIssuer;
use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// The lifetime of each token, in seconds.
const LIFE: u64 = 600;

/// More bytes than a connection in memory buffers.
fn large() -> Message {
    Message::binary(vec![0; 256 * 1024])
}

/// Runs a future in a separate task, and gives its duration in seconds.
fn timed(began: Instant, task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<u64> {
    tokio::spawn(async move {
        task.await;
        began.elapsed().as_secs()
    })
}

/// Waits for tasks that must all end with the token.
async fn assert_end_at(what: &str, tasks: impl IntoIterator<Item = JoinHandle<u64>>, expected: u64) {
    for (index, task) in tasks.into_iter().enumerate() {
        // Paused time advances when all tasks wait, so a hanging task ends here.
        let ended = timeout(Duration::from_secs(100_000), task).await;
        assert_eq!(ended.ok().map(Result::unwrap), Some(expected), "{what}, task {index}");
    }
}

/// Runs every task until it waits.
async fn settle() {
    tokio::time::sleep(Duration::from_secs(1)).await;
}

type Sending = SplitSink<AuthenticatedSocket, Message>;

async fn receive(mut stream: impl StreamExt<Item = Result<Message, axum::Error>> + Unpin) {
    assert!(stream.next().await.is_none());
}

async fn send(mut sink: Sending) {
    assert!(sink.send(large()).await.is_err());
}

async fn flush(mut sink: Sending) {
    sink.feed(large()).await.unwrap();
    assert!(sink.flush().await.is_err());
}

async fn feed(mut sink: Sending) {
    sink.feed(large()).await.unwrap();
    while sink.feed(large()).await.is_ok() {}
}

async fn close(mut sink: Sending) {
    sink.feed(large()).await.unwrap();
    assert!(sink.close().await.is_err());
}

/// A task that has sent once, and waits for something else.
async fn hold(mut sink: Sending) {
    sink.send(Message::text("hello")).await.unwrap();
    tokio::time::sleep(Duration::from_secs(LIFE)).await;
    assert!(sink.send(Message::text("too late")).await.is_err());
}

fn sending(name: &str, sink: Sending) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    match name {
        "send" => Box::pin(send(sink)),
        "flush" => Box::pin(flush(sink)),
        "feed" => Box::pin(feed(sink)),
        "close" => Box::pin(close(sink)),
        "hold" => Box::pin(hold(sink)),
        other => panic!("no way to send called {other}"),
    }
}

/// The peer reads nothing after its upgrade.
#[tokio::test(start_paused = true)]
async fn both_halves_end_with_the_token_whichever_was_polled_last() {
    let start = Instant::now();
    let mut world = World::new().await;
    for path in ["/hand-over", "/hand-over/browser"] {
        for way in ["send", "flush", "feed", "close", "hold"] {
            for reads_first in [true, false] {
                let began = Instant::now();
                let (socket, _client) = world.socket(path, (began - start).as_secs() + LIFE).await;
                let (sink, stream) = socket.split();
                let (reading, writing) = if reads_first {
                    let reading = timed(began, receive(stream));
                    settle().await;
                    (reading, timed(began, sending(way, sink)))
                } else {
                    let writing = timed(began, sending(way, sink));
                    settle().await;
                    (timed(began, receive(stream)), writing)
                };
                let what = format!("{path}, {way}, {reads_first}");
                assert_end_at(&what, [reading], LIFE).await;
                // This task waits for something else, and notices the end when it sends again.
                let expected = if way == "hold" { LIFE + u64::from(reads_first) } else { LIFE };
                assert_end_at(&what, [writing], expected).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_send_that_waits_for_the_peer_ends_with_the_token() {
    let mut world = World::new().await;
    let began = Instant::now();
    let (mut socket, mut client) = world.socket("/hand-over", LIFE).await;
    let error = timeout(Duration::from_secs(100_000), socket.send(large())).await.unwrap().unwrap_err();
    assert_eq!((began.elapsed().as_secs(), error.to_string().as_str()), (LIFE, "the socket's token has expired"));
    assert!(socket.recv().await.is_none());

    // The close cannot reach this peer, so the connection is dropped.
    tokio::time::sleep(Duration::from_secs(6)).await;
    let last = timeout(Duration::from_secs(1), client.next()).await.expect("an end");
    assert!(!matches!(last, Some(Ok(_))), "{last:?}");
}

/// The halves check the clock at different times.
#[tokio::test(start_paused = true)]
async fn the_half_that_sees_the_end_first_wakes_the_other() {
    for reads_first in [true, false] {
        let clock = Arc::new(ManualClock::at(START));
        let mut world = World::with(Arc::clone(&clock) as _, |builder| builder).await;
        let began = Instant::now();
        let (socket, _client) = world.socket("/hand-over", LIFE).await;
        let (sink, stream) = socket.split();
        // The first checks again after 30 seconds, and the second after 45.
        let pause = Duration::from_secs(15);
        let (first, second) = if reads_first {
            let first = timed(began, receive(stream));
            tokio::time::sleep(pause).await;
            (first, timed(began, send(sink)))
        } else {
            let first = timed(began, send(sink));
            tokio::time::sleep(pause).await;
            (first, timed(began, receive(stream)))
        };
        tokio::time::sleep(Duration::from_secs(5)).await;
        clock.set(START + LIFE);
        assert_end_at(&format!("{reads_first}"), [first, second], 30).await;
    }
}

/// The new token's end applies to tasks that started to wait earlier.
#[tokio::test(start_paused = true)]
async fn a_renewal_reaches_tasks_that_wait() {
    for (former, renewed) in [(LIFE, 2 * LIFE), (2 * LIFE, LIFE)] {
        let mut world = World::new().await;
        let began = Instant::now();
        let (socket, _client) = world.socket("/hand-over", former).await;
        let socket = Arc::new(Mutex::new(socket));
        let shared = Arc::clone(&socket);
        let waiting = timed(began, async move {
            let next = poll_fn(|context| match shared.try_lock() {
                Ok(mut socket) => socket.poll_next_unpin(context),
                Err(_) => panic!("a renewal without look-ups waits for nobody"),
            });
            assert!(next.await.is_none());
        });
        settle().await;
        socket.lock().await.renew(&world.token("alice", renewed).mint()).await.unwrap();
        assert_end_at(&format!("{former}, then {renewed}"), [waiting], renewed).await;
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_started_after_the_end() {
    let mut world = World::new().await;
    let (mut socket, mut client) = world.socket("/hand-over", LIFE).await;
    tokio::time::sleep(Duration::from_secs(LIFE)).await;
    assert!(socket.start_send_unpin(Message::text("too late")).is_err());
    assert_closed(&mut client, CloseCode::Policy, "token_expired").await;
}

/// Over a socket, with the machine's clock.
#[tokio::test]
async fn both_halves_of_a_socket_over_tcp_end_with_the_token() {
    let issuer = TestIssuer::start().await.unwrap();
    let verifier = Verifier::builder().issuer(Oidc::issuer(issuer.url()).audience("api")).build().await.unwrap();
    let (handed, mut sockets) = mpsc::channel(1);
    let handler = async move |upgrade: AuthenticatedUpgrade| {
        upgrade.on_upgrade(|socket, _| async move { handed.send(socket).await.unwrap() })
    };
    let app = Router::new().route("/", any(handler)).with_state(verifier);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });

    let token = issuer.token("alice").audience("api").expires_in(Duration::from_secs(2)).mint();
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut client, _) = connect(stream, "/", &[("authorization", &format!("Bearer {token}"))]).await.unwrap();
    let socket: AuthenticatedSocket = sockets.recv().await.unwrap();
    let (sink, stream) = socket.split();
    let tasks = [tokio::spawn(receive(stream)), tokio::spawn(feed(sink))];
    for task in tasks {
        timeout(Duration::from_secs(3), task).await.expect("an end within a second").unwrap();
    }

    // A peer that starts to read gets the reason.
    let last = async {
        loop {
            match next(&mut client).await {
                tokio_tungstenite::tungstenite::Message::Close(frame) => break frame,
                message => assert!(message.is_binary(), "{message:?}"),
            }
        }
    };
    let frame = timeout(Duration::from_secs(4), last).await.expect("a close").expect("a reason");
    assert_eq!((frame.code, frame.reason.as_str()), (CloseCode::Policy, "token_expired"));
}
