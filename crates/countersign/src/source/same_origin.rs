//! The same-origin check of requests with a token in a cookie.
//!
//! It reads `Sec-Fetch-Site`, or `Origin` from browsers that do not send it, like Go's `CrossOriginProtection`. It is
//! stricter in two ways, since clients that are not browsers need no cookie: a request with neither header is rejected,
//! and an `Origin` over plain http is the same origin only on loopback.

use crate::source::handshake::is_websocket_handshake;
use http::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderValue, Method};
use std::net::{Ipv4Addr, Ipv6Addr};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// True for a safe method (RFC 9110 section 9.2.1). A websocket starts with GET and can then do anything, so it is not
/// safe.
pub(crate) fn is_safe(parts: &Parts) -> bool {
    matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS) && !is_websocket_handshake(parts)
}

pub(crate) fn is_same_origin(parts: &Parts, trusted: &[Box<str>]) -> bool {
    let Ok(origin) = only(&parts.headers, &ORIGIN) else { return false };
    if origin.is_some_and(|origin| trusted.iter().any(|trusted| trusted.as_bytes() == origin.as_bytes())) {
        return true;
    }
    match only(&parts.headers, &SEC_FETCH_SITE) {
        // `none` is the user: a bookmark, an address that was typed.
        Ok(Some(site)) => site == "same-origin" || site == "none",
        Ok(None) => origin.is_some_and(|origin| is_own(origin, parts)),
        Err(Several) => false,
    }
}

/// Checks an origin of the configuration, and writes it as browsers do (RFC 6454 section 6.2).
pub(crate) fn canonical(origin: &str) -> Option<Box<str>> {
    let origin = origin.to_ascii_lowercase();
    let (scheme, authority) = origin.split_once("://")?;
    let default_port = default_port(scheme)?;
    let (host, port) = host_and_port(authority, default_port)?;
    let port = if port == default_port { String::new() } else { format!(":{port}") };
    Some(format!("{scheme}://{host}{port}").into())
}

/// True if `Origin` names the host and port that the request was sent to. A server behind a proxy cannot see its own
/// scheme, so https is assumed, except on loopback.
fn is_own(origin: &HeaderValue, parts: &Parts) -> bool {
    let named = || {
        let (scheme, authority) = origin.to_str().ok()?.split_once("://")?;
        let default_port = default_port(scheme)?;
        let (host, port) = host_and_port(authority, default_port)?;
        (scheme == "https" || is_loopback(&host)).then_some(())?;
        let own = host_and_port(&own_authority(parts)?, default_port)?;
        Some((host, port) == own)
    };
    named().unwrap_or(false)
}

/// `:authority` of HTTP/2 (RFC 9113 section 8.3.1), else `Host`.
fn own_authority(parts: &Parts) -> Option<String> {
    match parts.uri.authority() {
        Some(authority) => Some(authority.to_string()),
        None => only(&parts.headers, &HOST).ok()??.to_str().ok().map(str::to_owned),
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "https" => Some(443),
        "http" => Some(80),
        _ => None,
    }
}

fn host_and_port(authority: &str, default_port: u16) -> Option<(String, u16)> {
    let authority: Authority = authority.parse().ok()?;
    if authority.as_str().contains('@') || authority.host().is_empty() {
        return None;
    }
    let has_port = authority.as_str().len() > authority.host().len();
    let port = if has_port { authority.port_u16()? } else { default_port };
    Some((authority.host().to_ascii_lowercase(), port))
}

fn is_loopback(host: &str) -> bool {
    let is_v4 = || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback());
    let is_v6 = || host.trim_matches(['[', ']']).parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback());
    host == "localhost" || host.ends_with(".localhost") || is_v4() || is_v6()
}

struct Several;

fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a HeaderValue>, Several> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        _ => Err(Several),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    #[track_caller]
    fn assert_same(expected: bool, lines: &[(&str, &str)], trusted: &[&str]) {
        let mut request = Request::builder().method("POST").uri("/");
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let trusted: Vec<_> = trusted.iter().map(|origin| canonical(origin).unwrap()).collect();
        assert_eq!(is_same_origin(&parts, &trusted), expected, "{lines:?}");
    }

    #[test]
    fn the_browser_says_where_a_request_comes_from() {
        for (site, expected) in
            [("same-origin", true), ("none", true), ("same-site", false), ("cross-site", false), ("", false)]
        {
            assert_same(expected, &[("sec-fetch-site", site)], &[]);
        }
        assert_same(false, &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")], &[]);
        assert_same(
            false,
            &[("sec-fetch-site", "cross-site"), ("origin", "https://a.example"), ("host", "a.example")],
            &[],
        );
        assert_same(false, &[("host", "a.example")], &[]);
    }

    #[test]
    fn an_older_browser_names_an_origin_that_must_be_the_host() {
        for (origin, host, expected) in [
            ("https://a.example", "a.example", true),
            ("https://a.example", "A.example:443", true),
            ("https://a.example:8443", "a.example:8443", true),
            ("http://127.0.0.1:3000", "127.0.0.1:3000", true),
            ("http://localhost:3000", "localhost:3000", true),
            ("http://[::1]:3000", "[::1]:3000", true),
            ("http://a.example", "a.example", false),
            ("http://a.example:443", "a.example:443", false),
            ("https://a.example", "a.example:80", false),
            ("https://a.example:8443", "a.example", false),
            ("https://b.example", "a.example", false),
            ("https://a.example.b.example", "a.example", false),
            ("https://b.example@a.example", "a.example", false),
            ("http://127.0.0.1.b.example", "127.0.0.1.b.example", false),
            ("https://a.example:0443x", "a.example", false),
            ("https://a.example:", "a.example", false),
            ("ftp://a.example", "a.example", false),
            ("null", "a.example", false),
            ("", "a.example", false),
            ("https://", "a.example", false),
        ] {
            assert_same(expected, &[("origin", origin), ("host", host)], &[]);
        }
        assert_same(false, &[("origin", "https://a.example"), ("host", "a.example"), ("host", "a.example")], &[]);
        assert_same(
            false,
            &[("origin", "https://a.example"), ("origin", "https://a.example"), ("host", "a.example")],
            &[],
        );
        assert_same(false, &[("origin", "https://a.example")], &[]);
    }

    #[test]
    fn http_2_names_its_host_in_the_address() {
        let request = Request::builder().method("POST").uri("https://a.example/").header("origin", "https://a.example");
        let (parts, ()) = request.body(()).unwrap().into_parts();
        assert!(is_same_origin(&parts, &[]));
    }

    #[test]
    fn trusted_origins_count_whatever_the_browser_says() {
        let trusted = ["https://app.example", "HTTP://Intranet.example:80"];
        for site in ["same-site", "cross-site"] {
            assert_same(true, &[("sec-fetch-site", site), ("origin", "https://app.example")], &trusted);
            assert_same(false, &[("sec-fetch-site", site), ("origin", "https://other.example")], &trusted);
            assert_same(false, &[("sec-fetch-site", site), ("origin", "http://app.example")], &trusted);
        }
        assert_same(true, &[("origin", "http://intranet.example"), ("host", "intranet.example")], &trusted);
        for odd in ["app.example", "https://", "https://a/b", "https://a.example/", "null", "*", "ftp://a"] {
            assert_eq!(canonical(odd), None, "{odd}");
        }
    }
}
