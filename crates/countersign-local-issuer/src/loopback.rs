//! Checks that a request, an origin or a redirect URI belongs to this machine.

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use url::{Host, Url};

/// Returns `true` for a URL of this machine. `localhost` is the only accepted name, since other names may resolve to
/// any address.
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

/// Returns `true` for the `Origin` of a page of this machine.
pub(crate) fn is_loopback_origin(origin: &HeaderValue) -> bool {
    let Some(url) = origin.to_str().ok().and_then(|origin| Url::parse(origin).ok()) else { return false };
    is_loopback(&url) && url.origin().ascii_serialization().as_bytes() == origin.as_bytes()
}

/// Rejects requests that a remote web page makes a browser on this machine send.
///
/// Listening on loopback does not prevent such requests. A page may post forms to any address. It may also point its
/// own host name at 127.0.0.1 (DNS rebinding), and then read the answers.
pub(crate) async fn reject_remote_sites(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let is_own_host =
        host.and_then(|host| Url::parse(&format!("http://{host}")).ok()).is_some_and(|url| is_loopback(&url));
    if !is_own_host {
        return (StatusCode::MISDIRECTED_REQUEST, "call the local issuer by 127.0.0.1 or localhost").into_response();
    }
    if headers.get(header::ORIGIN).is_some_and(|origin| !is_loopback_origin(origin)) {
        return (StatusCode::FORBIDDEN, "the local issuer serves only pages of this machine").into_response();
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
    fn an_origin_is_compared_exactly() {
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
