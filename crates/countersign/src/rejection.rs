//! The answers to requests that are not let in. Every status, code and body stands in this file.

use crate::challenge::Challenge;
use axum::response::{IntoResponse, Response};
use countersign_core::{Dependency, Expr, TokenError, Unavailable, VerifyError};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use std::fmt;
use std::sync::Arc;

/// Why [`CurrentUser`](crate::CurrentUser) and [`Principal`](crate::Principal) did not let a request in.
///
/// As a response it is `application/problem+json` (RFC 9457) with a stable `code`, and a challenge where it is a 401
/// or 400. The body is a literal: nothing of the request is in it.
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
    /// `Bearer` without a token or with several, or two `Authorization` headers: 400.
    InvalidRequest(InvalidRequest),
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
    realm: Arc<str>,
}

/// The credentials are not one token.
#[derive(Clone, Debug)]
pub struct InvalidRequest {
    realm: Arc<str>,
}

/// The token was refused.
#[derive(Clone, Debug)]
pub struct InvalidToken {
    realm: Arc<str>,
    reason: TokenError,
}

/// The keys to judge the token by, or grants that are not in it, cannot be had now.
#[derive(Clone, Debug)]
pub struct TemporarilyUnavailable {
    unavailable: Option<Unavailable>,
}

/// The caller lacks a requirement.
#[derive(Clone, Debug)]
pub struct InsufficientScope {
    realm: Arc<str>,
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

    /// Whole seconds, at least one (RFC 9110 section 10.2.3).
    fn retry_after(&self) -> u64 {
        self.unavailable.map_or(1, |unavailable| unavailable.retry_after.as_secs().max(1))
    }
}

impl InsufficientScope {
    /// The whole requirement, not only what is lacking.
    pub fn required(&self) -> &Expr {
        &self.required
    }
}

impl CurrentUserRejection {
    pub(crate) fn missing(realm: &Arc<str>) -> Self {
        Self::MissingToken(MissingToken { realm: Arc::clone(realm) })
    }

    pub(crate) fn malformed(realm: &Arc<str>) -> Self {
        Self::InvalidRequest(InvalidRequest { realm: Arc::clone(realm) })
    }

    pub(crate) fn refused(realm: &Arc<str>, error: VerifyError) -> Self {
        match error {
            VerifyError::Token(reason) => Self::InvalidToken(InvalidToken { realm: Arc::clone(realm), reason }),
            VerifyError::Unavailable(unavailable) => {
                Self::TemporarilyUnavailable(TemporarilyUnavailable { unavailable: Some(unavailable) })
            }
            // Fail closed on what a later version of the core may add.
            _ => Self::TemporarilyUnavailable(TemporarilyUnavailable { unavailable: None }),
        }
    }

    fn answer(&self) -> Answer {
        match self {
            Self::MissingToken(_) => MISSING_TOKEN,
            Self::InvalidRequest(_) => INVALID_REQUEST,
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
            Self::MissingToken(MissingToken { realm })
            | Self::InvalidRequest(InvalidRequest { realm })
            | Self::InvalidToken(InvalidToken { realm, .. }) => self.answer().challenge(realm, None),
            Self::TemporarilyUnavailable(_) => None,
        }
    }
}

impl RequireRejection {
    pub(crate) fn insufficient(realm: &Arc<str>, required: Expr) -> Self {
        Self::InsufficientScope(InsufficientScope { realm: Arc::clone(realm), required })
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
            Self::InsufficientScope(InsufficientScope { realm, required }) => {
                // RFC 6750 section 3: "the scope necessary to access"; groups and roles are not scopes.
                let scopes = required.scopes();
                self.answer().challenge(realm, (!scopes.is_empty()).then(|| scopes.join(" ")).as_deref())
            }
        }
    }
}

/// Stands in the extensions of every answer that Countersign gives itself: no handler made it. Tests look for it.
#[derive(Clone, Copy, Debug)]
pub struct Refused;

/// One row of the table of answers.
#[derive(Clone, Copy)]
struct Answer {
    status: StatusCode,
    code: &'static str,
    /// `error` and `error_description` of the challenge.
    error: Option<(&'static str, &'static str)>,
    body: &'static str,
}

const MISSING_TOKEN: Answer = Answer {
    status: StatusCode::UNAUTHORIZED,
    code: "missing_token",
    error: None,
    body: r#"{"type":"about:blank","title":"Unauthorized","status":401,"code":"missing_token","detail":"send an access token in the header `Authorization: Bearer TOKEN`"}"#,
};

const INVALID_REQUEST: Answer = Answer {
    status: StatusCode::BAD_REQUEST,
    code: "invalid_request",
    error: Some(("invalid_request", "send exactly one bearer token, in one Authorization header")),
    body: r#"{"type":"about:blank","title":"Bad Request","status":400,"code":"invalid_request","detail":"send exactly one bearer token, in one Authorization header"}"#,
};

const INVALID_TOKEN: Answer = Answer {
    status: StatusCode::UNAUTHORIZED,
    code: "invalid_token",
    error: Some(("invalid_token", "the access token is expired, malformed or not valid for this API")),
    body: r#"{"type":"about:blank","title":"Unauthorized","status":401,"code":"invalid_token","detail":"the access token is expired, malformed or not valid for this API"}"#,
};

const INSUFFICIENT_SCOPE: Answer = Answer {
    status: StatusCode::FORBIDDEN,
    code: "insufficient_scope",
    error: Some(("insufficient_scope", "the access token does not grant what this operation requires")),
    body: r#"{"type":"about:blank","title":"Forbidden","status":403,"code":"insufficient_scope","detail":"the access token does not grant what this operation requires"}"#,
};

const TEMPORARILY_UNAVAILABLE: Answer = Answer {
    status: StatusCode::SERVICE_UNAVAILABLE,
    code: "temporarily_unavailable",
    error: None,
    body: r#"{"type":"about:blank","title":"Service Unavailable","status":503,"code":"temporarily_unavailable","detail":"the access token cannot be judged now, try again later"}"#,
};

impl Answer {
    fn challenge(&self, realm: &str, scope: Option<&str>) -> Option<HeaderValue> {
        Some(Challenge { realm, error: self.error, scope }.to_header())
    }

    fn into_response(self, challenge: Option<HeaderValue>) -> Response {
        let content_type = [(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"))];
        let mut response = (self.status, content_type, self.body).into_response();
        response.extensions_mut().insert(Refused);
        if let Some(challenge) = challenge {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl IntoResponse for CurrentUserRejection {
    fn into_response(self) -> Response {
        let answer = self.answer();
        match &self {
            Self::MissingToken(_) | Self::InvalidRequest(_) => {
                tracing::debug!(target: "countersign::rejection", status = answer.status.as_u16(), code = answer.code);
            }
            Self::InvalidToken(InvalidToken { reason, .. }) => tracing::debug!(
                target: "countersign::rejection",
                status = answer.status.as_u16(), code = answer.code, reason = reason.code(), "{reason}"
            ),
            // Why is logged once for each attempt, under `countersign::keys` or `countersign::grants`, and not for each
            // request.
            Self::TemporarilyUnavailable(unavailable) => tracing::debug!(
                target: "countersign::rejection",
                status = answer.status.as_u16(), code = answer.code,
                dependency = unavailable.dependency().map(tracing::field::display), "no verdict is possible now"
            ),
        }
        let mut response = answer.into_response(self.challenge());
        if let Self::TemporarilyUnavailable(unavailable) = self {
            response.headers_mut().insert(RETRY_AFTER, unavailable.retry_after().into());
        }
        response
    }
}

impl IntoResponse for RequireRejection {
    fn into_response(self) -> Response {
        match &self {
            Self::Unauthenticated(_) => {}
            Self::InsufficientScope(InsufficientScope { required, .. }) => tracing::debug!(
                target: "countersign::rejection",
                status = self.status().as_u16(), code = self.code(), %required, "a requirement is not met"
            ),
        }
        match self {
            Self::Unauthenticated(rejection) => rejection.into_response(),
            Self::InsufficientScope(_) => self.answer().into_response(self.challenge()),
        }
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
