//! Why requests are not let in, and how that becomes an answer.

pub(crate) mod answer;
pub(crate) mod challenge;

use crate::http_settings::Http;
use crate::layer::cache_control::forbid_storing;
use crate::rejection::answer::{
    Answer, CROSS_ORIGIN, INSUFFICIENT_SCOPE, INVALID_REQUEST, INVALID_REQUEST_ELSEWHERE, INVALID_TOKEN, MISSING_TOKEN,
    MISSING_TOKEN_ELSEWHERE, Refused, TEMPORARILY_UNAVAILABLE,
};
use crate::rejection::challenge::Challenge;
use axum::response::{IntoResponse, Response};
use countersign_core::{Dependency, Expr, TokenError, Unavailable, Verifier, VerifyError};
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use std::fmt;
use std::time::Duration;

/// Why [`CurrentUser`](crate::CurrentUser) and [`Principal`](crate::Principal) did not let a request in.
///
/// As a response it is `application/problem+json` (RFC 9457) with a stable `code`, and a challenge where it is a 401
/// or 400. The body is a literal: nothing of the request is in it. No cache keeps it (`Cache-Control: no-store`).
///
/// # Example
///
/// ```
/// use countersign::{CurrentUser, CurrentUserRejection};
///
/// async fn whoami(user: Result<CurrentUser, CurrentUserRejection>) -> String {
///     match user {
///         Ok(CurrentUser(claims)) => claims["sub"].to_string(),
///         Err(rejection) => format!("nobody, since {}", rejection.code()),
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CurrentUserRejection {
    /// No credentials, or those of another scheme only: 401.
    MissingToken(MissingToken),
    /// `Bearer` without a token or with several, two `Authorization` headers, or tokens in two sources: 400.
    InvalidRequest(InvalidRequest),
    /// A cookie, on a request that another site's page may have made: 403.
    CrossOrigin(CrossOrigin),
    /// The token was refused: 401.
    InvalidToken(InvalidToken),
    /// No verdict is possible now: 503.
    TemporarilyUnavailable(TemporarilyUnavailable),
}

/// Why [`Require`](crate::Require) did not let a request in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RequireRejection {
    /// There is no verified caller.
    Unauthenticated(CurrentUserRejection),
    /// The caller lacks what is required: 403.
    InsufficientScope(InsufficientScope),
}

/// No credentials were sent.
#[derive(Clone, Debug)]
pub struct MissingToken {
    verifier: Verifier,
}

/// The credentials are not one token.
#[derive(Clone, Debug)]
pub struct InvalidRequest {
    verifier: Verifier,
}

/// A token came in a cookie, with a request that changes something and does not come from the same origin.
#[derive(Clone, Debug)]
pub struct CrossOrigin {
    verifier: Verifier,
}

/// The token was refused.
#[derive(Clone, Debug)]
pub struct InvalidToken {
    verifier: Verifier,
    reason: TokenError,
}

/// The keys to judge the token by, or grants that are not in it, cannot be had now.
#[derive(Clone, Debug)]
pub struct TemporarilyUnavailable {
    verifier: Verifier,
    unavailable: Option<Unavailable>,
}

/// The caller lacks a requirement.
#[derive(Clone, Debug)]
pub struct InsufficientScope {
    verifier: Verifier,
    required: Expr,
}

impl InvalidToken {
    /// Why. For logs: tell a client no more than that the token was refused.
    pub fn reason(&self) -> TokenError {
        self.reason
    }
}

impl TemporarilyUnavailable {
    /// What is wanting. For logs: the answer is the same for all of them.
    pub fn dependency(&self) -> Option<Dependency> {
        self.unavailable.map(|unavailable| unavailable.dependency)
    }

    /// When to come back: whole seconds from now, one at the least (RFC 9110 section 10.2.3).
    pub fn retry_after(&self) -> Duration {
        Duration::from_secs(self.unavailable.map_or(1, |unavailable| unavailable.retry_after.as_secs().max(1)))
    }
}

impl InsufficientScope {
    /// The whole requirement, not only what is lacking.
    pub fn required(&self) -> &Expr {
        &self.required
    }
}

impl CurrentUserRejection {
    pub(crate) fn missing(verifier: &Verifier) -> Self {
        Self::MissingToken(MissingToken { verifier: verifier.clone() })
    }

    pub(crate) fn malformed(verifier: &Verifier) -> Self {
        Self::InvalidRequest(InvalidRequest { verifier: verifier.clone() })
    }

    pub(crate) fn cross_origin(verifier: &Verifier) -> Self {
        Self::CrossOrigin(CrossOrigin { verifier: verifier.clone() })
    }

    pub(crate) fn refused(verifier: &Verifier, error: VerifyError) -> Self {
        let verifier = verifier.clone();
        match error {
            VerifyError::Token(reason) => Self::InvalidToken(InvalidToken { verifier, reason }),
            VerifyError::Unavailable(unavailable) => {
                Self::TemporarilyUnavailable(TemporarilyUnavailable { verifier, unavailable: Some(unavailable) })
            }
            // Fail closed on what a later version of the core may add.
            _ => Self::TemporarilyUnavailable(TemporarilyUnavailable { verifier, unavailable: None }),
        }
    }

    fn verifier(&mut self) -> &mut Verifier {
        match self {
            Self::MissingToken(MissingToken { verifier })
            | Self::InvalidRequest(InvalidRequest { verifier })
            | Self::CrossOrigin(CrossOrigin { verifier })
            | Self::InvalidToken(InvalidToken { verifier, .. })
            | Self::TemporarilyUnavailable(TemporarilyUnavailable { verifier, .. }) => verifier,
        }
    }

    fn answer(&self) -> Answer {
        match self {
            Self::MissingToken(MissingToken { verifier }) => match sources(verifier) {
                (true, _) => MISSING_TOKEN,
                (false, _) => MISSING_TOKEN_ELSEWHERE,
            },
            Self::InvalidRequest(InvalidRequest { verifier }) => match sources(verifier) {
                (_, true) => INVALID_REQUEST,
                (_, false) => INVALID_REQUEST_ELSEWHERE,
            },
            Self::CrossOrigin(_) => CROSS_ORIGIN,
            Self::InvalidToken(_) => INVALID_TOKEN,
            Self::TemporarilyUnavailable(_) => TEMPORARILY_UNAVAILABLE,
        }
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.answer().status
    }

    /// The stable code in the body of the answer.
    pub fn code(&self) -> &'static str {
        self.answer().code
    }

    /// The `WWW-Authenticate` header of the answer.
    pub fn challenge(&self) -> Option<HeaderValue> {
        match self {
            Self::MissingToken(MissingToken { verifier })
            | Self::InvalidRequest(InvalidRequest { verifier })
            | Self::InvalidToken(InvalidToken { verifier, .. }) => Some(challenge(self.answer(), verifier, None)),
            // Another token would not help.
            Self::CrossOrigin(_) | Self::TemporarilyUnavailable(_) => None,
        }
    }
}

/// Whether the verifier looks into `Authorization`, and there alone.
fn sources(verifier: &Verifier) -> (bool, bool) {
    verifier.attachment::<Http>().map_or((true, true), |http| http.sources.authorization())
}

impl RequireRejection {
    fn verifier(&mut self) -> &mut Verifier {
        match self {
            Self::Unauthenticated(rejection) => rejection.verifier(),
            Self::InsufficientScope(InsufficientScope { verifier, .. }) => verifier,
        }
    }

    pub(crate) fn insufficient(verifier: &Verifier, required: Expr) -> Self {
        Self::InsufficientScope(InsufficientScope { verifier: verifier.clone(), required })
    }

    fn answer(&self) -> Answer {
        match self {
            Self::Unauthenticated(rejection) => rejection.answer(),
            Self::InsufficientScope(_) => INSUFFICIENT_SCOPE,
        }
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.answer().status
    }

    /// The stable code in the body of the answer.
    pub fn code(&self) -> &'static str {
        self.answer().code
    }

    /// The `WWW-Authenticate` header of the answer.
    pub fn challenge(&self) -> Option<HeaderValue> {
        match self {
            Self::Unauthenticated(rejection) => rejection.challenge(),
            Self::InsufficientScope(InsufficientScope { verifier, required }) => {
                // RFC 6750 section 3: "the scope necessary to access"; groups and roles are not scopes.
                let scopes = required.scopes();
                Some(challenge(self.answer(), verifier, (!scopes.is_empty()).then(|| scopes.join(" ")).as_deref()))
            }
        }
    }
}

impl CurrentUserRejection {
    fn log(&self) {
        let answer = self.answer();
        match self {
            Self::MissingToken(_) | Self::InvalidRequest(_) | Self::CrossOrigin(_) => {
                tracing::debug!(target: "countersign::rejection", status = answer.status.as_u16(), code = answer.code);
            }
            Self::InvalidToken(InvalidToken { reason, .. }) => tracing::debug!(
                target: "countersign::rejection",
                status = answer.status.as_u16(), code = answer.code, reason = reason.code(), "{reason}"
            ),
            // Why is logged once for each attempt, under `countersign::keys` or `countersign::entitlements`, and not for each
            // request.
            Self::TemporarilyUnavailable(unavailable) => tracing::debug!(
                target: "countersign::rejection",
                status = answer.status.as_u16(), code = answer.code,
                dependency = unavailable.dependency().map(tracing::field::display), "no verdict is possible now"
            ),
        }
    }
}

impl RequireRejection {
    /// The reason is for the log alone.
    pub(crate) fn log(&self) {
        match self {
            Self::Unauthenticated(rejection) => rejection.log(),
            Self::InsufficientScope(InsufficientScope { required, .. }) => tracing::debug!(
                target: "countersign::rejection",
                status = self.status().as_u16(), code = self.code(), %required, "a requirement is not met"
            ),
        }
    }
}

fn challenge(answer: Answer, verifier: &Verifier, scope: Option<&str>) -> HeaderValue {
    Challenge { realm: verifier.realm(), error: answer.error, scope }.to_header()
}

impl IntoResponse for CurrentUserRejection {
    fn into_response(self) -> Response {
        RequireRejection::from(self).into_response()
    }
}

impl IntoResponse for RequireRejection {
    /// The application's [own answer](crate::VerifierExt::on_rejection), or that of the table; with what the standards
    /// demand of either.
    fn into_response(mut self) -> Response {
        self.log();
        let verifier = self.verifier();
        let mut response = match verifier.attachment::<Http>().and_then(|http| http.on_rejection.clone()) {
            None => self.answer().into_response(),
            Some(own) => {
                // It may turn what it is given into a response itself: that is then the table's, and no circle.
                *verifier = verifier.attach(());
                own.respond(&self)
            }
        };
        // Whoever answers something else has reasons, such as 404 for what a stranger must not know of.
        if response.status() == self.status() {
            if let Some(challenge) = self.challenge() {
                response.headers_mut().entry(WWW_AUTHENTICATE).or_insert(challenge);
            }
            if let Self::Unauthenticated(CurrentUserRejection::TemporarilyUnavailable(unavailable)) = &self {
                let seconds = unavailable.retry_after().as_secs();
                response.headers_mut().entry(RETRY_AFTER).or_insert(seconds.into());
            }
        }
        forbid_storing(response.headers_mut());
        response.extensions_mut().insert(Refused { code: self.code() });
        response
    }
}

impl fmt::Display for CurrentUserRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for RequireRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for CurrentUserRejection {}
impl std::error::Error for RequireRejection {}

impl From<CurrentUserRejection> for RequireRejection {
    fn from(rejection: CurrentUserRejection) -> Self {
        Self::Unauthenticated(rejection)
    }
}
