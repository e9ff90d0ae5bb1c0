//! A rejected request, and the settings of a verifier that shape its answer.

use crate::rejection::kind::RejectionKind;
use crate::rejection::row::Row;
use crate::source::TokenPlace;
use axum::response::{IntoResponse, Response};
use countersign_core::{Dependency, Expr, TokenError, Unavailable, VerifyError};
use http::{HeaderValue, StatusCode};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A rejected request: the answer of every extractor, guard, layer and upgrade that lets a request not pass.
///
/// The response is `application/problem+json` (RFC 9457) with a stable `code`. It has a challenge for 400, 401, and 403
/// by requirement. The body is rendered from a table: nothing of the request is in it. Caches do not keep it
/// (`Cache-Control: no-store`). [`VerifierBuilder::on_rejection`](crate::VerifierBuilder::on_rejection) replaces the
/// body.
///
/// # Example
///
/// ```
/// use countersign::{CurrentUser, Rejection};
///
/// async fn whoami(user: Result<CurrentUser, Rejection>) -> String {
///     match user {
///         Ok(CurrentUser(claims)) => claims["sub"].to_string(),
///         Err(rejection) => format!("not known: {}", rejection.code()),
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Rejection {
    kind: RejectionKind,
    pub(crate) config: Arc<RejectionConfig>,
    /// None inside of the application's own function, which may ask for the default answer.
    pub(crate) on_rejection: Option<OnRejection>,
}

impl Rejection {
    pub(crate) fn new(config: &Arc<RejectionConfig>, kind: RejectionKind) -> Self {
        Self { kind, config: Arc::clone(config), on_rejection: config.on_rejection.clone() }
    }

    /// Returns the kind, with its details.
    pub fn kind(&self) -> &RejectionKind {
        &self.kind
    }

    pub(crate) fn row(&self) -> &'static Row {
        Row::of(&self.kind, self.config.token_place)
    }

    /// Returns the status of the answer.
    pub fn status(&self) -> StatusCode {
        self.row().status
    }

    /// Returns the stable code in the body of the answer, such as `missing_token`.
    pub fn code(&self) -> &'static str {
        self.row().code
    }

    /// Returns the `WWW-Authenticate` header of the answer.
    pub fn challenge(&self) -> Option<HeaderValue> {
        // RFC 6750 section 3: "the scope necessary to access"; groups and roles are not scopes.
        let scopes = self.required().map(Expr::scopes).filter(|scopes| !scopes.is_empty());
        self.row().challenge(&self.config.realm, scopes.map(|scopes| scopes.join(" ")).as_deref())
    }

    /// Returns the reason why the token was refused. It is for logs: do not send it to clients.
    pub fn reason(&self) -> Option<TokenError> {
        match self.kind {
            RejectionKind::InvalidToken(reason) => Some(reason),
            _ => None,
        }
    }

    /// Returns the whole requirement that the caller does not meet.
    pub fn required(&self) -> Option<&Expr> {
        match &self.kind {
            RejectionKind::InsufficientScope(required) => Some(required),
            _ => None,
        }
    }

    /// Returns the dependency that is unavailable. It is for logs: the answer is the same for all of them.
    pub fn dependency(&self) -> Option<Dependency> {
        match self.kind {
            RejectionKind::TemporarilyUnavailable(unavailable) => unavailable.map(|it| it.dependency),
            _ => None,
        }
    }

    /// Returns the delay of `Retry-After` (RFC 9110 section 10.2.3) in whole seconds, at least one; for 503 only.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.kind {
            RejectionKind::TemporarilyUnavailable(unavailable) => {
                let seconds = unavailable.map_or(1, |it| it.retry_after.as_secs().max(1));
                Some(Duration::from_secs(seconds))
            }
            _ => None,
        }
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rejection").field(&self.kind).finish()
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for Rejection {}

/// The settings that shape answers. Makes the rejections that are answered by them.
#[derive(Clone, Debug)]
pub(crate) struct RejectionConfig {
    pub(crate) realm: Box<str>,
    /// Decides which texts tell the client where to send a token.
    pub(crate) token_place: TokenPlace,
    pub(crate) on_rejection: Option<OnRejection>,
}

impl Default for RejectionConfig {
    fn default() -> Self {
        Self { realm: "api".into(), token_place: TokenPlace::Authorization, on_rejection: None }
    }
}

impl RejectionConfig {
    pub(crate) fn missing_token(self: &Arc<Self>) -> Rejection {
        Rejection::new(self, RejectionKind::MissingToken)
    }

    pub(crate) fn invalid_request(self: &Arc<Self>) -> Rejection {
        Rejection::new(self, RejectionKind::InvalidRequest)
    }

    pub(crate) fn cross_origin(self: &Arc<Self>) -> Rejection {
        Rejection::new(self, RejectionKind::CrossOrigin)
    }

    pub(crate) fn invalid_token(self: &Arc<Self>, reason: TokenError) -> Rejection {
        Rejection::new(self, RejectionKind::InvalidToken(reason))
    }

    pub(crate) fn unavailable(self: &Arc<Self>, unavailable: Unavailable) -> Rejection {
        Rejection::new(self, RejectionKind::TemporarilyUnavailable(Some(unavailable)))
    }

    pub(crate) fn not_verified(self: &Arc<Self>, error: VerifyError) -> Rejection {
        match error {
            VerifyError::Token(reason) => self.invalid_token(reason),
            VerifyError::Unavailable(unavailable) => self.unavailable(unavailable),
            // Fail closed on errors that a later version of the core adds.
            _ => Rejection::new(self, RejectionKind::TemporarilyUnavailable(None)),
        }
    }

    pub(crate) fn insufficient_scope(self: &Arc<Self>, required: Expr) -> Rejection {
        Rejection::new(self, RejectionKind::InsufficientScope(required))
    }
}

/// The application's own function from a rejection to its answer.
#[derive(Clone)]
pub(crate) struct OnRejection(Arc<dyn Fn(&Rejection) -> Response + Send + Sync>);

impl OnRejection {
    pub(crate) fn new<F, A>(respond: F) -> Self
    where
        F: Fn(&Rejection) -> A + Send + Sync + 'static,
        A: IntoResponse,
    {
        Self(Arc::new(move |rejection| respond(rejection).into_response()))
    }

    pub(crate) fn respond(&self, rejection: &Rejection) -> Response {
        (self.0)(rejection)
    }
}

impl fmt::Debug for OnRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnRejection")
    }
}
