//! Websockets, met by a client of another make. What is about time runs in memory, where time can be paused.

use axum::Router;
use axum::extract::ws::Message;
use axum::response::Response;
use axum::routing::any;
use axum::serve::Listener;
use countersign::{
    AuthenticatedSocket, AuthenticatedUpgrade, BrowserUpgrade, Clock, HttpSettings, Issuer, IssuerKeys, ManualClock,
    Oidc, Principal, RenewalError, Scope, Source, TokenExpiry, Verifier,
};
use countersign_core::{BoxFuture, Fetch, FetchError, Fetched, VerifierBuilder};
use countersign_testing::{TestIssuer, TestToken};
use futures_util::{Sink, SinkExt, StreamExt};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, handshake::client::Response as Handshake};
use tokio_tungstenite::{WebSocketStream, client_async};

countersign::scopes! { Listen = "listen"; }

const API: &str = "api";
const START: u64 = 1_800_000_000;

/// A clock that goes as tokio's does, paused time included.
#[derive(Debug)]
struct Running(Instant);

impl Clock for Running {
    fn now(&self) -> Duration {
        Duration::from_secs(START) + self.0.elapsed()
    }
}

/// Connections in memory.
struct InMemory(mpsc::Receiver<DuplexStream>);

impl Listener for InMemory {
    type Io = DuplexStream;
    type Addr = ();

    async fn accept(&mut self) -> (DuplexStream, ()) {
        match self.0.recv().await {
            Some(connection) => (connection, ()),
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<()> {
        Ok(())
    }
}

struct World {
    issuer: TestIssuer,
    connections: mpsc::Sender<DuplexStream>,
}

impl World {
    async fn new() -> Self {
        Self::with(Arc::new(Running(Instant::now())), |builder| builder).await
    }

    async fn with(clock: Arc<dyn Clock>, configure: impl FnOnce(VerifierBuilder) -> VerifierBuilder) -> Self {
        let issuer = TestIssuer::start().await.unwrap();
        let provider = Oidc::issuer(issuer.url()).audience(API).jwks(issuer.jwks()).leeway(Duration::from_secs(30));
        let builder = configure(Verifier::builder().issuer(provider).clock(clock));
        let (connections, accepted) = mpsc::channel(8);
        let app = app(builder.build().await.unwrap());
        tokio::spawn(async move { axum::serve(InMemory(accepted), app).await });
        Self { issuer, connections }
    }

    fn token(&self, subject: &str, lifetime: u64) -> TestToken {
        let token = self.issuer.token(subject).audience(API);
        token.claim("iat", START).claim("exp", START + lifetime).scopes(["listen"])
    }

    async fn connect(&self, path: &str, lines: &[(&str, &str)]) -> Result<Client<DuplexStream>, tungstenite::Error> {
        let (near, far) = duplex(64 * 1024);
        self.connections.send(far).await.unwrap();
        connect(near, path, lines).await.map(|(client, _)| client)
    }

    async fn authorized(&self, path: &str, token: TestToken) -> Client<DuplexStream> {
        let bearer = format!("Bearer {}", token.mint());
        self.connect(path, &[("authorization", &bearer)]).await.unwrap()
    }
}

type Client<T> = WebSocketStream<T>;

async fn connect<T: AsyncRead + AsyncWrite + Unpin>(
    stream: T,
    path: &str,
    lines: &[(&str, &str)],
) -> Result<(Client<T>, Handshake), tungstenite::Error> {
    let mut request = format!("ws://api.example{path}").into_client_request()?;
    for (name, value) in lines {
        request.headers_mut().append(
            tungstenite::http::HeaderName::try_from(*name).unwrap(),
            tungstenite::http::HeaderValue::try_from(*value).unwrap(),
        );
    }
    client_async(request, stream).await
}

fn app(verifier: Verifier) -> Router {
    Router::new()
        .route("/echo", any(async |upgrade: AuthenticatedUpgrade| upgrade.on_upgrade(echo)))
        .route("/chat", any(async |upgrade: AuthenticatedUpgrade| upgrade.protocols(["chat"]).on_upgrade(echo)))
        .route("/listen", any(async |upgrade: AuthenticatedUpgrade<Scope<Listen>>| upgrade.on_upgrade(renewing)))
        .route("/browser", any(browser))
        .route("/clock", any(async |upgrade: AuthenticatedUpgrade| upgrade.on_upgrade(ticking)))
        .route("/race", any(async |upgrade: AuthenticatedUpgrade| upgrade.on_upgrade(racing)))
        .route("/split", any(async |upgrade: AuthenticatedUpgrade| upgrade.on_upgrade(split)))
        .with_state(verifier)
}

async fn browser(BrowserUpgrade(upgrade): BrowserUpgrade<Scope<Listen>>) -> Response {
    upgrade.on_upgrade(echo)
}

async fn echo<R: countersign::Requirement>(mut socket: AuthenticatedSocket<R>, _: Principal) {
    while let Some(Ok(message)) = socket.recv().await {
        if socket.send(message).await.is_err() {
            return;
        }
    }
}

/// Every message is a new token.
async fn renewing(mut socket: AuthenticatedSocket<Scope<Listen>>, _: Principal) {
    while let Some(Ok(Message::Text(token))) = socket.recv().await {
        let answer = socket.renew(&token).await.map_or_else(|error| RenewalError::code(&error), |()| "renewed");
        if socket.send(Message::text(answer)).await.is_err() {
            return;
        }
    }
}

/// Sends something every minute, and never receives.
async fn ticking(mut socket: AuthenticatedSocket, _: Principal) {
    while socket.send(Message::text("tick")).await.is_ok() {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
}

/// Waits for what never comes.
async fn racing(mut socket: AuthenticatedSocket, principal: Principal) {
    assert_eq!(socket.principal().subject(), principal.subject());
    let expiry: TokenExpiry = socket.expiry();
    tokio::select! {
        () = expiry => assert!(socket.send(Message::text("too late")).await.is_err()),
        () = std::future::pending() => {}
    }
}

async fn split(socket: AuthenticatedSocket, _: Principal) {
    let (sender, receiver) = socket.split();
    let _ = receiver.forward(sender).await;
}

#[track_caller]
fn assert_refused<T>(verdict: Result<T, tungstenite::Error>, status: u16, challenge: Option<&str>) {
    match verdict {
        Err(tungstenite::Error::Http(response)) => {
            assert_eq!(response.status().as_u16(), status);
            let said = response.headers().get("www-authenticate").map(|value| value.to_str().unwrap());
            let error = said.map(|said| said.split("error=\"").nth(1).and_then(|rest| rest.split('"').next()));
            assert_eq!(error.map(Option::unwrap_or_default), challenge, "{said:?}");
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("upgraded"),
    }
}

async fn next<T: AsyncRead + AsyncWrite + Unpin>(client: &mut Client<T>) -> tungstenite::Message {
    // Paused time jumps ahead when nothing moves, so that a hang ends here.
    timeout(Duration::from_secs(100_000), client.next()).await.expect("an end").expect("a message").unwrap()
}

async fn assert_echoes(client: &mut Client<impl AsyncRead + AsyncWrite + Unpin>, text: &str) {
    say(client, text).await;
    assert_eq!(next(client).await.into_text().unwrap().as_str(), text);
}

async fn say(client: &mut (impl Sink<tungstenite::Message, Error = tungstenite::Error> + Unpin), text: &str) {
    client.send(tungstenite::Message::text(text)).await.unwrap();
}

async fn assert_closed(client: &mut Client<impl AsyncRead + AsyncWrite + Unpin>, code: CloseCode, reason: &str) {
    let tungstenite::Message::Close(Some(frame)) = next(client).await else { panic!("no close") };
    assert_eq!((frame.code, frame.reason.as_str()), (code, reason));
}

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
    let app = app(Verifier::builder().issuer(provider).build().await.unwrap());
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

#[derive(Debug)]
struct Down;

impl Fetch for Down {
    fn fetch(&self, _: Option<Arc<str>>) -> BoxFuture<'_, Result<Fetched, FetchError>> {
        Box::pin(async { Err("the provider is down".into()) })
    }
}

#[tokio::test]
async fn without_keys_a_browser_is_told_to_try_again_later() {
    let issuer = TestIssuer::start().await.unwrap();
    let down = Issuer::new(issuer.url(), IssuerKeys::fetched(Down)).audience(countersign::Audience::any_of([API]));
    let app = app(Verifier::builder().issuer(down).build().await.unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let bearer = format!("Bearer {}", issuer.token("alice").audience(API).mint());
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut client, _) = connect(stream, "/browser", &[("authorization", &bearer)]).await.unwrap();
    assert_closed(&mut client, CloseCode::Again, "temporarily_unavailable").await;
}

/// At the second of `exp`: the leeway is for clocks of others, and a socket has met them already.
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

/// A machine that slept, or whose clock was wrong.
#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_ahead_is_noticed_within_half_a_minute() {
    let clock = Arc::new(ManualClock::at(START));
    let world = World::with(Arc::clone(&clock) as _, |builder| builder).await;
    let mut client = world.authorized("/echo", world.token("alice", 3600)).await;
    assert_echoes(&mut client, "hello").await;
    // Time is paused: this is no wait, but lets the first look go by.
    tokio::time::sleep(Duration::from_secs(45)).await;
    let jumped = Instant::now();
    clock.set(START + 3600);
    assert_closed(&mut client, CloseCode::Policy, "token_expired").await;
    assert!(jumped.elapsed() <= Duration::from_secs(31), "{:?}", jumped.elapsed());
}

/// Cross-site websocket hijacking: browsers send cookies with whatever page's upgrade.
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
    // A browser reads why from the close.
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
