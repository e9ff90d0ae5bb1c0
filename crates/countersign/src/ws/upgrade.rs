//! Websockets whose caller is known before the upgrade.

use crate::access::{Access, DescribeAccess, Required};
use crate::authorize::{authorize_request, caller};
use crate::extract::principal::Principal;
use crate::rejection::code::RejectionCode;
use crate::rejection::data::Rejection;
use crate::rejection::kind::RejectionKind;
use crate::verifier::Verifier;
use crate::verifier::state::HasVerifier;
use crate::ws::socket::{AuthenticatedSocket, close};
use axum::extract::FromRequestParts;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{WebSocketUpgrade, close_code};
use axum::response::{IntoResponse, Response};
use countersign_core::{Authenticated, Requirement};
use http::HeaderValue;
use http::request::Parts;
use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;

/// A websocket upgrade by a caller who meets `R`: any caller with a good token unless said otherwise. Other callers
/// get the usual answer, 401 or 403, and no upgrade.
///
/// The token comes from the verifier's [sources](crate::VerifierBuilder::sources), and from `Sec-WebSocket-Protocol:
/// bearer, TOKEN` always, since a browser can send no other header: `new WebSocket(url, ["bearer", token])`. The answer
/// names `bearer`, or another protocol that you choose, and never the token.
///
/// # Example
///
/// ```
/// use axum::response::Response;
/// use axum::{Router, routing::any};
/// use countersign::ws::AuthenticatedUpgrade;
/// use countersign::Verifier;
///
/// async fn echo(upgrade: AuthenticatedUpgrade) -> Response {
///     upgrade.on_upgrade(|mut socket, _principal| async move {
///         while let Some(Ok(message)) = socket.recv().await {
///             if socket.send(message).await.is_err() {
///                 return;
///             }
///         }
///     })
/// }
///
/// let router: Router<Verifier> = Router::new().route("/ws", any(echo));
/// # let _ = router;
/// ```
///
/// # Errors
///
/// [`UpgradeRejection`].
///
/// # Security
///
/// A guard or layer around the route looks for the token, too, and knows the verifier's sources alone: declare
/// [`Source::websocket_protocol`](crate::Source::websocket_protocol) there. Take care that no log keeps the request's
/// `Sec-WebSocket-Protocol`.
pub struct AuthenticatedUpgrade<R: Requirement = Authenticated> {
    upgrade: WebSocketUpgrade,
    principal: Principal,
    verifier: Verifier,
    requirement: PhantomData<fn() -> R>,
}

impl<R: Requirement> AuthenticatedUpgrade<R> {
    /// Returns the caller.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The protocols that the application speaks, the best first; see [`WebSocketUpgrade::protocols`].
    #[must_use]
    pub fn protocols<I>(self, protocols: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Cow<'static, str>>,
    {
        self.map(|upgrade| upgrade.protocols(protocols))
    }

    /// Changes other settings of axum's upgrade, such as the size of messages.
    #[must_use]
    pub fn map(self, change: impl FnOnce(WebSocketUpgrade) -> WebSocketUpgrade) -> Self {
        Self { upgrade: change(self.upgrade), ..self }
    }

    /// Upgrades, and hands the socket to `handler`.
    #[must_use = "this response makes the socket"]
    pub fn on_upgrade<H, F>(self, handler: H) -> Response
    where
        H: FnOnce(AuthenticatedSocket<R>, Principal) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
        R: 'static,
    {
        let Self { upgrade, principal, verifier, .. } = self;
        answering_bearer(upgrade).on_upgrade(move |socket| {
            let socket = AuthenticatedSocket::new(socket, principal.clone(), verifier);
            handler(socket, principal)
        })
    }
}

/// A browser demands that the server chooses one of the protocols it offers.
fn answering_bearer(mut upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    let is_offered = upgrade.requested_protocols().any(|name| name == "bearer");
    if is_offered && upgrade.selected_protocol().is_none() {
        upgrade.set_selected_protocol(HeaderValue::from_static("bearer"));
    }
    upgrade
}

impl<S, R> FromRequestParts<S> for AuthenticatedUpgrade<R>
where
    S: HasVerifier,
    R: Requirement,
{
    type Rejection = UpgradeRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let verifier = state.verifier();
        let principal = authorize_upgrade::<R>(parts, &verifier).await?;
        let upgrade = WebSocketUpgrade::from_request_parts(parts, state).await?;
        Ok(Self { upgrade, principal, verifier, requirement: PhantomData })
    }
}

async fn authorize_upgrade<R: Requirement>(parts: &mut Parts, verifier: &Verifier) -> Result<Principal, Rejection> {
    let intake = verifier.http().upgrades();
    let token = authorize_request::<R>(parts, verifier, intake).await?;
    caller(token, verifier, &intake.rejections).await.map(Principal::of)
}

/// An [`AuthenticatedUpgrade`] for browsers, whose scripts cannot see the answer to a rejected upgrade. A rejected
/// caller gets a socket that is closed at once, with 1008 (policy violation) and the rejection's code as reason, or
/// with 1013 (try again later) if the token cannot be verified now. A request that is no upgrade gets the usual answer.
///
/// # Example
///
/// ```
/// use axum::response::Response;
/// use countersign::ws::BrowserUpgrade;
/// use countersign::{RequireScopes, Scope};
///
/// countersign::scopes! { pub Listen = "news:listen"; }
///
/// async fn news(BrowserUpgrade(upgrade): BrowserUpgrade<Scope<Listen>>) -> Response {
///     upgrade.on_upgrade(|mut socket, _principal| async move { while socket.recv().await.is_some() {} })
/// }
/// ```
///
/// # Errors
///
/// [`BrowserUpgradeRejection`].
#[derive(Debug)]
pub struct BrowserUpgrade<R: Requirement = Authenticated>(pub AuthenticatedUpgrade<R>);

impl<S, R> FromRequestParts<S> for BrowserUpgrade<R>
where
    S: HasVerifier,
    R: Requirement,
{
    type Rejection = BrowserUpgradeRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let verifier = state.verifier();
        let verdict = authorize_upgrade::<R>(parts, &verifier).await;
        let upgrade = WebSocketUpgrade::from_request_parts(parts, state).await;
        match (verdict, upgrade) {
            (Ok(principal), Ok(upgrade)) => {
                Ok(Self(AuthenticatedUpgrade { upgrade, principal, verifier, requirement: PhantomData }))
            }
            (Ok(_), Err(error)) => Err(BrowserUpgradeRejection { rejection: error.into(), upgrade: None }),
            (Err(rejection), upgrade) => {
                Err(BrowserUpgradeRejection { rejection: rejection.into(), upgrade: upgrade.ok().map(Box::new) })
            }
        }
    }
}

impl<R: Requirement> DescribeAccess for AuthenticatedUpgrade<R> {
    type Caller = Required;

    fn describe_access() -> Access {
        Access::requiring::<R>()
    }
}

impl<R: Requirement> DescribeAccess for BrowserUpgrade<R> {
    type Caller = Required;

    fn describe_access() -> Access {
        Access::requiring::<R>()
    }
}

impl<R: Requirement> fmt::Debug for AuthenticatedUpgrade<R> {
    /// Without axum's upgrade, which holds the protocols, and with them the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticatedUpgrade").field("principal", &self.principal).finish_non_exhaustive()
    }
}

/// The reason why [`AuthenticatedUpgrade`] rejected a request.
#[derive(Debug)]
#[non_exhaustive]
pub enum UpgradeRejection {
    /// There is no caller who meets the requirement.
    Rejected(Rejection),
    /// The caller may, but the request is no upgrade.
    NotAnUpgrade(WebSocketUpgradeRejection),
}

/// The reason why [`BrowserUpgrade`] rejected a request. As a response it closes the socket, if there is one.
pub struct BrowserUpgradeRejection {
    rejection: UpgradeRejection,
    upgrade: Option<Box<WebSocketUpgrade>>,
}

impl BrowserUpgradeRejection {
    /// The reason.
    pub fn rejection(&self) -> &UpgradeRejection {
        &self.rejection
    }
}

/// The longest message that a rejected caller may send before the close, in bytes.
const MAX_REJECTED_MESSAGE: usize = 1024;

impl IntoResponse for BrowserUpgradeRejection {
    fn into_response(self) -> Response {
        let (UpgradeRejection::Rejected(rejection), Some(upgrade)) = (&self.rejection, self.upgrade) else {
            return self.rejection.into_response();
        };
        rejection.log();
        let code = match rejection.kind() {
            RejectionKind::TemporarilyUnavailable(_) => close_code::AGAIN,
            _ => close_code::POLICY,
        };
        let reason = rejection.code();
        let upgrade = upgrade.max_message_size(MAX_REJECTED_MESSAGE).max_frame_size(MAX_REJECTED_MESSAGE);
        let mut response = answering_bearer(upgrade).on_upgrade(move |socket| close(socket, code, reason));
        response.extensions_mut().insert(RejectionCode::new(reason));
        response
    }
}

impl IntoResponse for UpgradeRejection {
    fn into_response(self) -> Response {
        match self {
            Self::Rejected(rejection) => rejection.into_response(),
            Self::NotAnUpgrade(rejection) => rejection.into_response(),
        }
    }
}

impl fmt::Debug for BrowserUpgradeRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrowserUpgradeRejection").field("rejection", &self.rejection).finish_non_exhaustive()
    }
}

impl From<Rejection> for UpgradeRejection {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<WebSocketUpgradeRejection> for UpgradeRejection {
    fn from(rejection: WebSocketUpgradeRejection) -> Self {
        Self::NotAnUpgrade(rejection)
    }
}
