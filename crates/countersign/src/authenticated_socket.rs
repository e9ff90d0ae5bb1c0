//! A websocket that ends with its caller's token.

use crate::http_settings::Http;
use crate::principal::Principal;
use crate::rejection::RequireRejection;
use crate::require::Require;
use crate::sources::Sources;
use crate::token_expiry::TokenExpiry;
use axum::Error;
use axum::extract::FromRequestParts;
use axum::extract::ws::{CloseCode, CloseFrame, Message, WebSocket, close_code};
use countersign_core::{Authenticated, Requirement, TokenError, Verifier};
use futures_util::{Sink, Stream, StreamExt as _};
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request};
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::timeout;

/// How long a peer has to answer a close, before the connection is dropped.
const FAREWELL: Duration = Duration::from_secs(5);

/// The reason of the close that ends a socket with its token.
const TOKEN_EXPIRED: &str = "token_expired";

/// A websocket whose caller is known. When the token expires it is closed with 1008 (policy violation, RFC 6455 section
/// 7.4.1) and the reason `token_expired`: from then on nothing is received and nothing can be sent.
///
/// That is looked at whenever something is received or sent. A handler that waits for something else races it against
/// [`expiry`](Self::expiry).
///
/// # Example
///
/// A client whose token runs out sends a new one as a message.
///
/// ```
/// use axum::extract::ws::Message;
/// use countersign::AuthenticatedSocket;
///
/// async fn chat(mut socket: AuthenticatedSocket) {
///     while let Some(Ok(Message::Text(text))) = socket.recv().await {
///         let answer = match text.strip_prefix("token ") {
///             None => Message::Text(text),
///             Some(token) => match socket.renew(token).await {
///                 Ok(()) => Message::text("renewed"),
///                 Err(error) => Message::text(error.code()),
///             },
///         };
///         if socket.send(answer).await.is_err() {
///             return;
///         }
///     }
/// }
/// ```
///
/// # Security
///
/// The caller is judged at the upgrade and at each [renewal](Self::renew), and in between only time counts: a token that is
/// [revoked](Verifier::revoke), and grants that are taken away, close no socket that is open. Where a logout must, close it
/// yourself, or keep tokens short.
pub struct AuthenticatedSocket<R: Requirement = Authenticated> {
    /// None when the token has expired.
    socket: Option<WebSocket>,
    verifier: Verifier,
    principal: Principal,
    expiry: TokenExpiry,
    requirement: PhantomData<fn() -> R>,
}

impl<R: Requirement> AuthenticatedSocket<R> {
    pub(crate) fn new(socket: WebSocket, principal: Principal, verifier: Verifier) -> Self {
        let expiry = TokenExpiry::of(&principal, &verifier);
        Self { socket: Some(socket), verifier, principal, expiry, requirement: PhantomData }
    }

    /// Who is at the other end.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Resolves when the token that the socket has now expires.
    pub fn expiry(&self) -> TokenExpiry {
        TokenExpiry::of(&self.principal, &self.verifier)
    }

    /// The next message; `None` when the peer has closed, or the token has expired.
    pub async fn recv(&mut self) -> Option<Result<Message, Error>> {
        self.next().await
    }

    /// Sends a message.
    ///
    /// # Errors
    ///
    /// When the connection is gone, or the token has expired.
    pub async fn send(&mut self, message: Message) -> Result<(), Error> {
        poll_fn(|context| {
            self.end_if_expired(context);
            Poll::Ready(())
        })
        .await;
        self.socket.as_mut().ok_or_else(ended)?.send(message).await
    }

    /// Goes on with a new token of the same caller, who must meet the requirement by it as with the first one.
    ///
    /// # Errors
    ///
    /// [`RenewalError`]; the socket keeps the token that it has.
    pub async fn renew(&mut self, token: &str) -> Result<(), RenewalError> {
        // Whatever is demanded of a request's token is demanded of this one: it takes the same way.
        let http = self.verifier.attachment::<Http>().cloned().unwrap_or_default();
        let verifier = self.verifier.attach(Http { sources: Sources::default(), ..http });
        let (mut parts, ()) = Request::new(()).into_parts();
        let value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| {
            RequireRejection::from(crate::CurrentUserRejection::refused(&verifier, TokenError::NotCompact.into()))
        })?;
        parts.headers.insert(AUTHORIZATION, value);
        Require::<R>::from_request_parts(&mut parts, &verifier).await?;
        let principal = Principal::from_request_parts(&mut parts, &verifier).await.map_err(RequireRejection::from)?;
        let caller = |principal: &Principal| (principal.issuer().to_owned(), principal.subject().to_owned());
        if caller(&principal) != caller(&self.principal) {
            return Err(RenewalError::OtherCaller);
        }
        self.expiry = TokenExpiry::of(&principal, &self.verifier);
        self.principal = principal;
        Ok(())
    }

    fn end_if_expired(&mut self, context: &mut Context<'_>) {
        if self.socket.is_some()
            && Pin::new(&mut self.expiry).poll(context).is_ready()
            && let Some(socket) = self.socket.take()
        {
            tracing::debug!(target: "countersign::websocket", reason = TOKEN_EXPIRED, "a socket ends");
            // The handler may be gone before the peer has answered.
            tokio::spawn(close(socket, close_code::POLICY, TOKEN_EXPIRED));
        }
    }

    fn poll_socket<T>(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        poll: impl FnOnce(Pin<&mut WebSocket>, &mut Context<'_>) -> Poll<Result<T, Error>>,
    ) -> Poll<Result<T, Error>> {
        self.end_if_expired(context);
        match &mut self.socket {
            None => Poll::Ready(Err(ended())),
            Some(socket) => poll(Pin::new(socket), context),
        }
    }
}

/// Closes with a code and a reason, and waits a while for the peer to do so, too: a connection that is dropped with
/// messages on the way to it takes the close with it.
pub(crate) async fn close(mut socket: WebSocket, code: CloseCode, reason: &'static str) {
    let farewell = async {
        let frame = CloseFrame { code, reason: reason.into() };
        if socket.send(Message::Close(Some(frame))).await.is_ok() {
            while let Some(Ok(_)) = socket.recv().await {}
        }
    };
    let _ = timeout(FAREWELL, farewell).await;
}

fn ended() -> Error {
    Error::new(Ended)
}

/// The token of a socket has expired.
#[derive(Debug)]
struct Ended;

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the socket's token has expired")
    }
}

impl std::error::Error for Ended {}

impl<R: Requirement> Stream for AuthenticatedSocket<R> {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.end_if_expired(context);
        match &mut self.socket {
            None => Poll::Ready(None),
            Some(socket) => socket.poll_next_unpin(context),
        }
    }
}

impl<R: Requirement> Sink<Message> for AuthenticatedSocket<R> {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_socket(context, Sink::poll_ready)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        Pin::new(self.socket.as_mut().ok_or_else(ended)?).start_send(message)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_socket(context, Sink::poll_flush)
    }

    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_socket(context, Sink::poll_close)
    }
}

impl<R: Requirement> fmt::Debug for AuthenticatedSocket<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticatedSocket").field("expiry", &self.expiry).finish_non_exhaustive()
    }
}

/// Why a socket did not take a new token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RenewalError {
    /// The token is refused, or its caller lacks what the socket requires.
    Refused(RequireRejection),
    /// The token is good, and somebody else's.
    OtherCaller,
}

impl RenewalError {
    /// A stable code: that of the rejection, or `other_caller`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(rejection) => rejection.code(),
            Self::OtherCaller => "other_caller",
        }
    }
}

impl fmt::Display for RenewalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for RenewalError {}

impl From<RequireRejection> for RenewalError {
    fn from(rejection: RequireRejection) -> Self {
        Self::Refused(rejection)
    }
}
