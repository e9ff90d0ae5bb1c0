//! The table of answers to rejected requests: each status, code and text once.

use crate::rejection::challenge::Challenge;
use crate::rejection::kind::RejectionKind;
use crate::source::TokenPlace;
use axum::body::Bytes;
use http::{HeaderValue, StatusCode};
use std::sync::OnceLock;

/// A row of the table.
pub(crate) struct Row {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    detail: &'static str,
    challenge: ChallengeForm,
    /// Rendered once.
    body: OnceLock<Bytes>,
}

/// The form of `WWW-Authenticate`.
enum ChallengeForm {
    /// No header: another token would not help.
    Absent,
    /// The realm alone: RFC 6750 section 3.1 tells clients without credentials nothing about errors.
    Realm,
    /// The realm, the code as `error` and the detail as `error_description`.
    Error,
}

static MISSING_TOKEN: Row = Row::new(
    StatusCode::UNAUTHORIZED,
    "missing_token",
    "send an access token in the header `Authorization: Bearer TOKEN`",
    ChallengeForm::Realm,
);

static MISSING_TOKEN_ELSEWHERE: Row = Row::new(
    StatusCode::UNAUTHORIZED,
    "missing_token",
    "send an access token where this API takes one",
    ChallengeForm::Realm,
);

static INVALID_REQUEST: Row = Row::new(
    StatusCode::BAD_REQUEST,
    "invalid_request",
    "send exactly one bearer token, in one Authorization header",
    ChallengeForm::Error,
);

static INVALID_REQUEST_ELSEWHERE: Row = Row::new(
    StatusCode::BAD_REQUEST,
    "invalid_request",
    "send exactly one access token, in one of the places where this API takes one",
    ChallengeForm::Error,
);

static CROSS_ORIGIN: Row = Row::new(
    StatusCode::FORBIDDEN,
    "cross_origin",
    "a cookie does not authorize this request from a page of another origin",
    ChallengeForm::Absent,
);

static INVALID_TOKEN: Row = Row::new(
    StatusCode::UNAUTHORIZED,
    "invalid_token",
    "the access token is expired, malformed or not valid for this API",
    ChallengeForm::Error,
);

static INSUFFICIENT_SCOPE: Row = Row::new(
    StatusCode::FORBIDDEN,
    "insufficient_scope",
    "the access token does not grant what this operation requires",
    ChallengeForm::Error,
);

static TEMPORARILY_UNAVAILABLE: Row = Row::new(
    StatusCode::SERVICE_UNAVAILABLE,
    "temporarily_unavailable",
    "the access token cannot be judged now, try again later",
    ChallengeForm::Absent,
);

impl Row {
    const fn new(status: StatusCode, code: &'static str, detail: &'static str, challenge: ChallengeForm) -> Self {
        Self { status, code, detail, challenge, body: OnceLock::new() }
    }

    pub(crate) fn of(kind: &RejectionKind, token_place: TokenPlace) -> &'static Self {
        match kind {
            RejectionKind::MissingToken if token_place == TokenPlace::Elsewhere => &MISSING_TOKEN_ELSEWHERE,
            RejectionKind::MissingToken => &MISSING_TOKEN,
            RejectionKind::InvalidRequest if token_place == TokenPlace::Authorization => &INVALID_REQUEST,
            RejectionKind::InvalidRequest => &INVALID_REQUEST_ELSEWHERE,
            RejectionKind::CrossOrigin => &CROSS_ORIGIN,
            RejectionKind::InvalidToken(_) => &INVALID_TOKEN,
            RejectionKind::InsufficientScope(_) => &INSUFFICIENT_SCOPE,
            RejectionKind::TemporarilyUnavailable(_) => &TEMPORARILY_UNAVAILABLE,
        }
    }

    /// Renders the challenge.
    pub(crate) fn challenge(&self, realm: &str, scope: Option<&str>) -> Option<HeaderValue> {
        let error = match self.challenge {
            ChallengeForm::Absent => return None,
            ChallengeForm::Realm => None,
            ChallengeForm::Error => Some((self.code, self.detail)),
        };
        Some(Challenge { realm, error, scope }.to_header())
    }

    /// Returns the body of problem details (RFC 9457). The texts of the table need no escape in JSON.
    pub(crate) fn body(&self) -> Bytes {
        let Self { status, code, detail, .. } = self;
        let title = status.canonical_reason().unwrap_or_default();
        let status = status.as_u16();
        let render = || {
            format!(
                r#"{{"type":"about:blank","title":"{title}","status":{status},"code":"{code}","detail":"{detail}"}}"#
            )
        };
        self.body.get_or_init(|| render().into()).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_body_is_json_and_says_what_its_row_says() {
        for row in [
            &MISSING_TOKEN,
            &MISSING_TOKEN_ELSEWHERE,
            &INVALID_REQUEST,
            &INVALID_REQUEST_ELSEWHERE,
            &CROSS_ORIGIN,
            &INVALID_TOKEN,
            &INSUFFICIENT_SCOPE,
            &TEMPORARILY_UNAVAILABLE,
        ] {
            let body: serde_json::Value = serde_json::from_slice(&row.body()).unwrap();
            assert_eq!((&body["code"], &body["detail"]), (&row.code.into(), &row.detail.into()));
            assert_eq!(body["status"], row.status.as_u16());
        }
    }

    #[test]
    fn a_body_is_written_in_this_order_of_members() {
        let expected = r#"{"type":"about:blank","title":"Unauthorized","status":401,"code":"missing_token","detail":"send an access token where this API takes one"}"#;
        assert_eq!(MISSING_TOKEN_ELSEWHERE.body(), expected);
    }
}
