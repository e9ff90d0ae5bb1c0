//! An audit log: one line per request, with its caller and its outcome.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use countersign::rejection::RejectionCode;
use countersign::{Principal, Rejection};

/// Logs each request. Use it with `axum::middleware::from_fn_with_state(verifier, audit)`.
///
/// A rejected token is verified twice, here and by the route, since rejections are not cached.
///
/// # Security
///
/// The subject is personal data. Send the target `audit` to a log that may hold personal data.
pub async fn audit(caller: Result<Option<Principal>, Rejection>, request: Request, next: Next) -> Response {
    // The route decides whether a request without a valid token may pass. The log only records it.
    let caller = caller.ok().flatten();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = next.run(request).await;
    let refused = response.extensions().get::<RejectionCode>().map(RejectionCode::code);
    tracing::info!(
        target: "audit",
        %method,
        path,
        status = response.status().as_u16(),
        refused,
        issuer = caller.as_ref().map(|caller| caller.issuer_name()),
        subject = caller.as_ref().map(|caller| caller.subject()),
        machine = caller.as_ref().map(|caller| caller.is_machine()),
    );
    response
}
