//! The table of answers to requests that are not let in: every status, code and body.

use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};

/// One row of the table of answers.
#[derive(Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    /// `error` and `error_description` of the challenge.
    pub(crate) error: Option<(&'static str, &'static str)>,
    body: &'static str,
}

pub(crate) const MISSING_TOKEN: Answer = Answer {
    status: StatusCode::UNAUTHORIZED,
    code: "missing_token",
    error: None,
    body: r#"{"type":"about:blank","title":"Unauthorized","status":401,"code":"missing_token","detail":"send an access token in the header `Authorization: Bearer TOKEN`"}"#,
};

/// Where a token is not looked for in `Authorization`.
pub(crate) const MISSING_TOKEN_ELSEWHERE: Answer = Answer {
    body: r#"{"type":"about:blank","title":"Unauthorized","status":401,"code":"missing_token","detail":"send an access token where this API takes one"}"#,
    ..MISSING_TOKEN
};

pub(crate) const INVALID_REQUEST: Answer = Answer {
    status: StatusCode::BAD_REQUEST,
    code: "invalid_request",
    error: Some(("invalid_request", "send exactly one bearer token, in one Authorization header")),
    body: r#"{"type":"about:blank","title":"Bad Request","status":400,"code":"invalid_request","detail":"send exactly one bearer token, in one Authorization header"}"#,
};

/// Where a token may stand elsewhere, too.
pub(crate) const INVALID_REQUEST_ELSEWHERE: Answer = Answer {
    error: Some(("invalid_request", "send exactly one access token, in one of the places where this API takes one")),
    body: r#"{"type":"about:blank","title":"Bad Request","status":400,"code":"invalid_request","detail":"send exactly one access token, in one of the places where this API takes one"}"#,
    ..INVALID_REQUEST
};

pub(crate) const CROSS_ORIGIN: Answer = Answer {
    status: StatusCode::FORBIDDEN,
    code: "cross_origin",
    error: None,
    body: r#"{"type":"about:blank","title":"Forbidden","status":403,"code":"cross_origin","detail":"a cookie does not authorize this request from a page of another origin"}"#,
};

pub(crate) const INVALID_TOKEN: Answer = Answer {
    status: StatusCode::UNAUTHORIZED,
    code: "invalid_token",
    error: Some(("invalid_token", "the access token is expired, malformed or not valid for this API")),
    body: r#"{"type":"about:blank","title":"Unauthorized","status":401,"code":"invalid_token","detail":"the access token is expired, malformed or not valid for this API"}"#,
};

pub(crate) const INSUFFICIENT_SCOPE: Answer = Answer {
    status: StatusCode::FORBIDDEN,
    code: "insufficient_scope",
    error: Some(("insufficient_scope", "the access token does not grant what this operation requires")),
    body: r#"{"type":"about:blank","title":"Forbidden","status":403,"code":"insufficient_scope","detail":"the access token does not grant what this operation requires"}"#,
};

pub(crate) const TEMPORARILY_UNAVAILABLE: Answer = Answer {
    status: StatusCode::SERVICE_UNAVAILABLE,
    code: "temporarily_unavailable",
    error: None,
    body: r#"{"type":"about:blank","title":"Service Unavailable","status":503,"code":"temporarily_unavailable","detail":"the access token cannot be judged now, try again later"}"#,
};

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let content_type = [(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"))];
        (self.status, content_type, self.body).into_response()
    }
}

/// Stands in the extensions of every answer to a request that was not let in: no handler made it. Tests look for it, and
/// a layer of your own that has the request's headers at hand, to put the answer into its reader's language.
#[derive(Clone, Copy, Debug)]
pub struct Refused {
    pub(crate) code: &'static str,
}

impl Refused {
    /// The stable code of the rejection.
    pub fn code(&self) -> &'static str {
        self.code
    }
}
