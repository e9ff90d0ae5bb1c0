//! An API with websockets in memory, its issuer, and an independent client.

use axum::Router;
use axum::extract::ws::Message;
use axum::response::Response;
use axum::routing::any;
use axum::serve::Listener;
use countersign::clock::{Clock, UnixTime};
use countersign::policy::ClaimMap;
use countersign::providers::Oidc;
use countersign::ws::{AuthenticatedSocket, AuthenticatedUpgrade, BrowserUpgrade, RenewalError, TokenExpiry};
use countersign::{Principal, Scope, Verifier, VerifierBuilder};
use countersign_testing::{TestIssuer, TestToken};
use futures_util::{Sink, SinkExt, StreamExt};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, duplex};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, handshake::client::Response as Handshake};
use tokio_tungstenite::{WebSocketStream, client_async};

countersign::scopes! { pub Listen = "listen"; }

pub(crate) const API: &str = "api";
pub(crate) const START: u64 = 1_800_000_000;

/// A clock that follows tokio's, including paused time.
#[derive(Debug)]
pub(crate) struct Running(pub(crate) Instant);

impl Clock for Running {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(START) + self.0.elapsed()
    }
}

/// Connections in memory.
pub(crate) struct InMemory(mpsc::Receiver<DuplexStream>);

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

pub(crate) struct World {
    pub(crate) issuer: TestIssuer,
    connections: mpsc::Sender<DuplexStream>,
    /// The sockets that `/hand-over` gives to the test.
    sockets: mpsc::Receiver<AuthenticatedSocket>,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Arc::new(Running(Instant::now())), |builder| builder).await
    }

    pub(crate) async fn with(
        clock: Arc<dyn Clock>,
        configure: impl FnOnce(VerifierBuilder) -> VerifierBuilder,
    ) -> Self {
        let issuer = TestIssuer::start().await.unwrap();
        let provider = Oidc::issuer(issuer.url()).audience(API).jwks(issuer.jwks()).leeway(Duration::from_secs(30));
        let provider = provider.claim_map(ClaimMap::default().tenant(["org_id"]));
        let builder = configure(Verifier::builder().issuer(provider).clock(clock));
        let (connections, accepted) = mpsc::channel(8);
        let (handed, sockets) = mpsc::channel(1);
        let app = app(builder.build().await.unwrap(), handed);
        tokio::spawn(async move { axum::serve(InMemory(accepted), app).await });
        Self { issuer, connections, sockets }
    }

    pub(crate) fn token(&self, subject: &str, lifetime: u64) -> TestToken {
        let token = self.issuer.token(subject).audience(API);
        token.claim("iat", START).claim("exp", START + lifetime).scopes(["listen"])
    }

    pub(crate) async fn connect(
        &self,
        path: &str,
        lines: &[(&str, &str)],
    ) -> Result<Client<DuplexStream>, tungstenite::Error> {
        let (near, far) = duplex(64 * 1024);
        self.connections.send(far).await.unwrap();
        connect(near, path, lines).await.map(|(client, _)| client)
    }

    pub(crate) async fn authorized(&self, path: &str, token: TestToken) -> Client<DuplexStream> {
        let bearer = format!("Bearer {}", token.mint());
        self.connect(path, &[("authorization", &bearer)]).await.unwrap()
    }

    /// Both ends of a new socket.
    pub(crate) async fn socket(&mut self, path: &str, lifetime: u64) -> (AuthenticatedSocket, Client<DuplexStream>) {
        let client = self.authorized(path, self.token("alice", lifetime)).await;
        (self.sockets.recv().await.unwrap(), client)
    }
}

pub(crate) type Client<T> = WebSocketStream<T>;

pub(crate) async fn connect<T: AsyncRead + AsyncWrite + Unpin>(
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

pub(crate) fn app(verifier: Verifier, sockets: mpsc::Sender<AuthenticatedSocket>) -> Router {
    let to_browsers = sockets.clone();
    Router::new()
        .route(
            "/hand-over",
            any(async move |upgrade: AuthenticatedUpgrade| {
                upgrade.on_upgrade(|socket, _| async move { sockets.send(socket).await.unwrap() })
            }),
        )
        .route(
            "/hand-over/browser",
            any(async move |BrowserUpgrade(upgrade): BrowserUpgrade| {
                upgrade.on_upgrade(|socket, _| async move { to_browsers.send(socket).await.unwrap() })
            }),
        )
        .route("/echo", any(async |upgrade: AuthenticatedUpgrade| upgrade.on_upgrade(echo)))
        .route("/chat", any(async |upgrade: AuthenticatedUpgrade| upgrade.protocols(["chat"]).on_upgrade(echo)))
        .route("/listen", any(async |upgrade: AuthenticatedUpgrade<Scope<Listen>>| upgrade.on_upgrade(renewing)))
        .route("/browser", any(browser))
        .route("/clock", any(async |upgrade: AuthenticatedUpgrade| upgrade.on_upgrade(ticking)))
        .route("/race", any(async |upgrade: AuthenticatedUpgrade| upgrade.on_upgrade(racing)))
        .route("/split", any(async |upgrade: AuthenticatedUpgrade| upgrade.on_upgrade(split)))
        .with_state(verifier)
}

pub(crate) async fn browser(BrowserUpgrade(upgrade): BrowserUpgrade<Scope<Listen>>) -> Response {
    upgrade.on_upgrade(echo)
}

pub(crate) async fn echo<R: countersign::Requirement>(mut socket: AuthenticatedSocket<R>, _: Principal) {
    while let Some(Ok(message)) = socket.recv().await {
        if socket.send(message).await.is_err() {
            return;
        }
    }
}

/// Every message is a new token.
pub(crate) async fn renewing(mut socket: AuthenticatedSocket<Scope<Listen>>, _: Principal) {
    while let Some(Ok(Message::Text(token))) = socket.recv().await {
        let answer = socket.renew(&token).await.map_or_else(|error| RenewalError::code(&error), |()| "renewed");
        if socket.send(Message::text(answer)).await.is_err() {
            return;
        }
    }
}

/// Sends a message every minute, and never receives.
pub(crate) async fn ticking(mut socket: AuthenticatedSocket, _: Principal) {
    while socket.send(Message::text("tick")).await.is_ok() {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
}

/// Waits for ever.
pub(crate) async fn racing(mut socket: AuthenticatedSocket, principal: Principal) {
    assert_eq!(socket.principal().subject(), principal.subject());
    let expiry: TokenExpiry = socket.expiry();
    tokio::select! {
        () = expiry => assert!(socket.send(Message::text("too late")).await.is_err()),
        () = std::future::pending() => {}
    }
}

pub(crate) async fn split(socket: AuthenticatedSocket, _: Principal) {
    let (sender, receiver) = socket.split();
    let _ = receiver.forward(sender).await;
}

#[track_caller]
pub(crate) fn assert_refused<T>(verdict: Result<T, tungstenite::Error>, status: u16, challenge: Option<&str>) {
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

pub(crate) async fn next<T: AsyncRead + AsyncWrite + Unpin>(client: &mut Client<T>) -> tungstenite::Message {
    // Paused time advances when all tasks wait, so a hang ends here.
    timeout(Duration::from_secs(100_000), client.next()).await.expect("an end").expect("a message").unwrap()
}

pub(crate) async fn assert_echoes(client: &mut Client<impl AsyncRead + AsyncWrite + Unpin>, text: &str) {
    say(client, text).await;
    assert_eq!(next(client).await.into_text().unwrap().as_str(), text);
}

pub(crate) async fn say(
    client: &mut (impl Sink<tungstenite::Message, Error = tungstenite::Error> + Unpin),
    text: &str,
) {
    client.send(tungstenite::Message::text(text)).await.unwrap();
}

pub(crate) async fn assert_closed(
    client: &mut Client<impl AsyncRead + AsyncWrite + Unpin>,
    code: CloseCode,
    reason: &str,
) {
    let tungstenite::Message::Close(Some(frame)) = next(client).await else { panic!("no close") };
    assert_eq!((frame.code, frame.reason.as_str()), (code, reason));
}
