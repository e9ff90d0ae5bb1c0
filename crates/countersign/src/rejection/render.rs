//! The answer to a rejected request, and its line in the log.

use crate::cache_control::forbid_storing;
use crate::rejection::code::RejectionCode;
use crate::rejection::data::Rejection;
use crate::rejection::kind::RejectionKind;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};

impl IntoResponse for Rejection {
    /// Renders the application's [own answer](crate::VerifierBuilder::on_rejection), or that of the table. Adds the
    /// headers that the standards require to either.
    fn into_response(mut self) -> Response {
        self.log();
        let mut response = match self.on_rejection.take() {
            Some(own) => own.respond(&self),
            None => self.default_answer(),
        };
        // Skip these headers if the application changed the status.
        if response.status() == self.status() {
            if let Some(challenge) = self.challenge() {
                response.headers_mut().entry(WWW_AUTHENTICATE).or_insert(challenge);
            }
            if let Some(delay) = self.retry_after() {
                response.headers_mut().entry(RETRY_AFTER).or_insert(delay.as_secs().into());
            }
        }
        forbid_storing(response.headers_mut());
        response.extensions_mut().insert(RejectionCode::new(self.code()));
        response
    }
}

impl Rejection {
    fn default_answer(&self) -> Response {
        let row = self.row();
        let content_type = [(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"))];
        (row.status, content_type, row.body()).into_response()
    }

    /// Logs the reason, which clients do not learn.
    pub(crate) fn log(&self) {
        let (status, code) = (self.status().as_u16(), self.code());
        match self.kind() {
            RejectionKind::MissingToken | RejectionKind::InvalidRequest | RejectionKind::CrossOrigin => {
                tracing::debug!(target: "countersign::rejection", status, code);
            }
            RejectionKind::InvalidToken(reason) => tracing::debug!(
                target: "countersign::rejection", status, code, reason = reason.code(), "{reason}"
            ),
            RejectionKind::InsufficientScope(required) => tracing::debug!(
                target: "countersign::rejection", status, code, %required, "a requirement is not met"
            ),
            // The cause is logged once for each attempt, under `countersign::keys` or `countersign::entitlements`.
            RejectionKind::TemporarilyUnavailable(_) => tracing::debug!(
                target: "countersign::rejection", status, code,
                dependency = self.dependency().map(tracing::field::display), "the token cannot be verified now"
            ),
        }
    }
}
