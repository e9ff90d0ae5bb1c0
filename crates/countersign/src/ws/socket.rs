//! A websocket that ends with its caller's token.

use crate::authorize::{authorize, caller, present_bare};
use crate::extract::principal::Principal;
use crate::rejection::data::Rejection;
use crate::verifier::Verifier;
use crate::ws::same_caller::is_same_caller;
use crate::ws::socket_end::{Half, SocketEnd};
use crate::ws::token_expiry::TokenExpiry;
use axum::Error;
use axum::extract::ws::{CloseCode, CloseFrame, Message, WebSocket, close_code};
use countersign_core::{Authenticated, Requirement};
use futures_util::future::{Either, select};
use futures_util::{Sink, SinkExt, Stream, StreamExt as _};
use std::fmt;
use std::marker::PhantomData;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::timeout;

/// The time that a peer has to answer a close, before the connection is dropped.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// The reason of the close that ends a socket with its token.
const TOKEN_EXPIRED: &str = "token_expired";

/// A websocket whose caller is known. When the token expires it is closed with 1008 (policy violation, RFC 6455 section
/// 7.4.1) and the reason `token_expired`: from then on nothing is received and nothing can be sent.
///
/// The socket looks at the time whenever it is polled. It wakes a task that waits to receive, and one that waits to
/// send: the two may be different tasks, after `split()`. A `send` to a peer that does not read fails at that moment,
/// too, and the connection is dropped 5 seconds later.
///
/// A task that waits for neither is not woken, and the socket stays open meanwhile: race its other work
/// against [`expiry`](Self::expiry).
///
/// # Example
///
/// A client whose token runs out sends a new one as a message.
///
/// ```
/// use axum::extract::ws::Message;
/// use countersign::ws::AuthenticatedSocket;
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
/// The caller is authorized at the upgrade and at each [renewal](Self::renew). In between only time counts: neither a
/// [revocation](countersign_core::Verifier::revoke) nor the loss of an entitlement closes an open socket. If a logout
/// must close it, close it yourself, or keep tokens short.
pub struct AuthenticatedSocket<R: Requirement = Authenticated> {
    /// None when the token has expired.
    socket: Option<WebSocket>,
    verifier: Verifier,
    principal: Principal,
    end: SocketEnd,
    requirement: PhantomData<fn() -> R>,
}

impl<R: Requirement> AuthenticatedSocket<R> {
    pub(crate) fn new(socket: WebSocket, principal: Principal, verifier: Verifier) -> Self {
        let end = SocketEnd::of(&principal, &verifier);
        Self { socket: Some(socket), verifier, principal, end, requirement: PhantomData }
    }

    /// Returns the caller.
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

    /// Sends a message. It waits for the peer at most until the token expires.
    ///
    /// # Errors
    ///
    /// When the connection is gone, or the token has expired.
    pub async fn send(&mut self, message: Message) -> Result<(), Error> {
        // By our own sink, which looks at the time at each step.
        SinkExt::send(self, message).await
    }

    /// Goes on with a new token of the same caller, who must meet the requirement by it as with the first one.
    ///
    /// The same caller has the same issuer, subject and tenant, is a person or a program as before, is acted for by the
    /// same party (`act`, RFC 8693 section 4.1), and uses the same client (`azp`, `client_id`, `appid` or `cid`). A
    /// handler that goes by further claims compares them after a renewal: [`principal`](Self::principal) has the new
    /// ones.
    ///
    /// # Errors
    ///
    /// [`RenewalError`]; the socket keeps the token that it has.
    pub async fn renew(&mut self, token: &str) -> Result<(), RenewalError> {
        if self.socket.is_none() {
            return Err(RenewalError::Ended);
        }
        // Verification may take time. The socket must not outlive its token meanwhile.
        let verdict =
            match select(self.expiry(), pin!(authorize_renewal::<R>(token, &self.principal, &self.verifier))).await {
                Either::Left(_) => None,
                Either::Right((verdict, _)) => Some(verdict),
            };
        let Some(verdict) = verdict else {
            self.end();
            return Err(RenewalError::Ended);
        };
        let principal = verdict?;
        let mut former = std::mem::replace(&mut self.end, SocketEnd::of(&principal, &self.verifier));
        self.principal = principal;
        // Tasks that wait know the former end only.
        former.wake();
        Ok(())
    }

    fn end_if_due(&mut self, half: Half, context: &mut Context<'_>) {
        if self.socket.is_some() && self.end.is_due(half, context) {
            self.end();
        }
    }

    /// Ends the socket, for both halves of it.
    fn end(&mut self) {
        if let Some(socket) = self.socket.take() {
            tracing::debug!(target: "countersign::websocket", reason = TOKEN_EXPIRED, "a socket ends");
            // The handler may be gone before the peer has answered. Outside of a runtime the connection is dropped.
            if let Ok(runtime) = Handle::try_current() {
                runtime.spawn(close(socket, close_code::POLICY, TOKEN_EXPIRED));
            }
            self.end.wake();
        }
    }

    fn poll_writing(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        poll: impl FnOnce(Pin<&mut WebSocket>, &mut Context<'_>) -> Poll<Result<(), Error>>,
    ) -> Poll<Result<(), Error>> {
        self.end_if_due(Half::Writing, context);
        match &mut self.socket {
            None => Poll::Ready(Err(ended())),
            Some(socket) => poll(Pin::new(socket), context),
        }
    }
}

/// Authorizes a new token, whose caller must be the former one.
async fn authorize_renewal<R: Requirement>(
    token: &str,
    former: &Principal,
    verifier: &Verifier,
) -> Result<Principal, RenewalError> {
    let rejections = verifier.http().bare();
    let token = authorize::<R>(verifier, rejections, present_bare(token, rejections)?).await?;
    let principal = Principal::of(caller(token, verifier, rejections).await?);
    match is_same_caller(&principal, former) {
        Ok(true) => Ok(principal),
        Ok(false) => Err(RenewalError::OtherCaller),
        Err(reason) => Err(rejections.invalid_token(reason).into()),
    }
}

/// Closes with a code and a reason, and waits a while for the peer to do so, too: a connection that is dropped with
/// messages on the way to it takes the close with it.
pub(crate) async fn close(mut socket: WebSocket, code: CloseCode, reason: &'static str) {
    let close = async {
        let frame = CloseFrame { code, reason: reason.into() };
        if socket.send(Message::Close(Some(frame))).await.is_ok() {
            while let Some(Ok(_)) = socket.recv().await {}
        }
    };
    let _ = timeout(CLOSE_TIMEOUT, close).await;
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
        self.end_if_due(Half::Reading, context);
        match &mut self.socket {
            None => Poll::Ready(None),
            Some(socket) => socket.poll_next_unpin(context),
        }
    }
}

impl<R: Requirement> Sink<Message> for AuthenticatedSocket<R> {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_writing(context, Sink::poll_ready)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        // A sink may be made ready long before something is sent.
        if self.end.has_passed() {
            self.end();
        }
        Pin::new(self.socket.as_mut().ok_or_else(ended)?).start_send(message)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_writing(context, Sink::poll_flush)
    }

    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_writing(context, Sink::poll_close)
    }
}

impl<R: Requirement> fmt::Debug for AuthenticatedSocket<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticatedSocket")
            .field("expires_at", &self.principal.token().expires_at())
            .finish_non_exhaustive()
    }
}

/// The reason why a socket did not accept a new token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RenewalError {
    /// The token is refused, or its caller lacks what the socket requires.
    Rejected(Rejection),
    /// The token is good, and another caller's, or the same caller's in another tenant, by another actor or client.
    OtherCaller,
    /// The token that the socket had has expired, before the new one was verified.
    Ended,
}

impl RenewalError {
    /// A stable code: that of the rejection, `other_caller` or `token_expired`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Rejected(rejection) => rejection.code(),
            Self::OtherCaller => "other_caller",
            Self::Ended => TOKEN_EXPIRED,
        }
    }
}

impl fmt::Display for RenewalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for RenewalError {}

impl From<Rejection> for RenewalError {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}
