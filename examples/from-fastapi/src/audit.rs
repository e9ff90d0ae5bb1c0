//! A line for each request, whoever made it and whatever came of it.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use countersign::rejection::RejectionCode;
use countersign::{Principal, Rejection};

/// Tells the log who asked for what, for `axum::middleware::from_fn_with_state(verifier, audit)`.
///
/// A refused token is judged twice, here and by the route, since no refusal is kept.
///
/// # Security
///
/// The subject is personal: see that the target `audit` goes to a log made for it.
pub async fn audit(caller: Result<Option<Principal>, Rejection>, request: Request, next: Next) -> Response {
    // Whether who has no good token may pass is for the route to say, not for the log.
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
