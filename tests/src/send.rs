//! One request to an app in this process.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Extensions, HeaderMap, Request};
use tower::ServiceExt;

/// The whole response to a request.
#[derive(Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Header lines.
    pub headers: HeaderMap,
    /// Values for layers outside of the app.
    pub extensions: Extensions,
    /// Body as text.
    pub body: String,
}

/// Sends a request with these header lines and no body.
pub async fn send(app: &Router, method: &str, path: &str, lines: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in lines {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).expect("a request");
    let (parts, body) = app.clone().oneshot(request).await.expect("a router answers").into_parts();
    let body = to_bytes(body, 64 * 1024).await.expect("a short body");
    let body = String::from_utf8(body.into()).expect("a body of text");
    Answer { status: parts.status.as_u16(), headers: parts.headers, extensions: parts.extensions, body }
}
