//! What is on this machine, and the refusal of everything else.

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::SocketAddr;
use url::{Host, Url};

/// Whether this URL leads to this machine whoever resolves it. Other names than `localhost` may lead anywhere.
pub(crate) fn is_loopback(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
}

/// Whether a page of this machine sent the request.
pub(crate) fn is_loopback_origin(origin: &HeaderValue) -> bool {
    let Some(url) = origin.to_str().ok().and_then(|origin| Url::parse(origin).ok()) else { return false };
    is_loopback(&url) && url.origin().ascii_serialization().as_bytes() == origin.as_bytes()
}

/// Whoever reaches the login page has everybody's tokens.
pub(crate) fn check_address(address: SocketAddr) -> Result<(), &'static str> {
    if address.ip().is_loopback() { Ok(()) } else { Err("a local issuer stays on loopback: bind it to 127.0.0.1") }
}

/// Refuses what a page from elsewhere makes a browser on this machine send. Loopback alone does not: a page may post
/// forms to any address, and may let its own name lead to 127.0.0.1 (DNS rebinding), where it then reads the answers.
pub(crate) async fn refuse_strangers(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let is_ours = host.and_then(|host| Url::parse(&format!("http://{host}")).ok()).is_some_and(|url| is_loopback(&url));
    if !is_ours {
        return (StatusCode::MISDIRECTED_REQUEST, "call the local issuer by 127.0.0.1 or localhost").into_response();
    }
    if headers.get(header::ORIGIN).is_some_and(|origin| !is_loopback_origin(origin)) {
        return (StatusCode::FORBIDDEN, "the local issuer serves pages of this machine only").into_response();
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for (url, expected) in [
            ("http://127.0.0.1:3000/callback", true),
            ("http://127.9.9.9/", true),
            ("http://localhost", true),
            ("https://LOCALHOST:8443/cb", true),
            ("http://[::1]:3000/", true),
            ("http://0.0.0.0/", false),
            ("http://192.168.0.1/", false),
            ("http://[::2]/", false),
            ("https://app.example/", false),
            ("http://localhost.app.example/", false),
            ("http://app.localhost/", false),
            ("http://127.0.0.1.app.example/", false),
            ("http://127.0.0.1@app.example/", false),
            ("http://app.example@127.0.0.1/", false),
            ("http://app.example\\@127.0.0.1/", false),
            ("javascript://127.0.0.1/%0aalert(1)", false),
            ("data:text/html,x", false),
            ("app.example:/callback", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }

    #[test]
    fn an_origin_is_only_an_origin() {
        for (origin, expected) in [
            ("http://127.0.0.1:3000", true),
            ("http://localhost:3000", true),
            ("http://127.0.0.1:3000/", false),
            ("http://127.0.0.1:3000, http://app.example", false),
            ("http://app.example", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(is_loopback_origin(&HeaderValue::from_static(origin)), expected, "{origin}");
        }
    }
}
