//! Rejections in the form that gRPC clients understand.

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderValue, StatusCode};

/// True if a request is a call of gRPC (gRPC over HTTP/2, "Requests").
pub(crate) fn is_grpc(parts: &Parts) -> bool {
    let content_type = parts.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    content_type.starts_with(b"application/grpc")
}

/// The same refusal with its code in `grpc-status`, and without a body, which a client would take for a message. The
/// status of HTTP stays, for proxies and for clients that go by it.
pub(crate) fn in_terms_of_grpc(response: Response) -> Response {
    let status = match response.status() {
        StatusCode::UNAUTHORIZED => "16",
        StatusCode::FORBIDDEN => "7",
        StatusCode::SERVICE_UNAVAILABLE => "14",
        StatusCode::BAD_REQUEST => "3",
        _ => "2",
    };
    let (mut parts, _) = response.into_parts();
    // An answer of the application's own may have counted its body.
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    parts.headers.insert("grpc-status", HeaderValue::from_static(status));
    Response::from_parts(parts, Body::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_is_left_out_leaves_no_length_behind() {
        let own = Response::builder().status(401).header(CONTENT_LENGTH, "2").body(Body::from("no")).unwrap();
        let response = in_terms_of_grpc(own);
        assert_eq!(response.headers()["grpc-status"], "16");
        assert!(!response.headers().contains_key(CONTENT_LENGTH), "{response:?}");
    }
}
