//! Detects requests for a websocket.

use http::header::UPGRADE;
use http::request::Parts;
use http::{HeaderValue, Method};

/// True if a request may become a websocket (RFC 6455 section 4.2.1, RFC 8441 section 4). It accepts at least
/// everything that axum upgrades, so that no upgrade avoids the checks for websockets.
pub(crate) fn is_websocket_handshake(parts: &Parts) -> bool {
    let names_websocket =
        |value: &HeaderValue| value.as_bytes().windows(9).any(|word| word.eq_ignore_ascii_case(b"websocket"));
    parts.method == Method::CONNECT || parts.headers.get_all(UPGRADE).iter().any(names_websocket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    #[test]
    fn whatever_axum_would_upgrade_is_a_handshake() {
        for (method, upgrade, expected) in [
            ("GET", Some("websocket"), true),
            ("GET", Some("WebSocket"), true),
            ("GET", Some("h2c, websocket"), true),
            ("CONNECT", None, true),
            ("GET", Some("h2c"), false),
            ("GET", None, false),
        ] {
            let mut request = Request::builder().method(method);
            if let Some(upgrade) = upgrade {
                request = request.header("upgrade", upgrade);
            }
            let (parts, ()) = request.body(()).unwrap().into_parts();
            assert_eq!(is_websocket_handshake(&parts), expected, "{method} {upgrade:?}");
        }
    }
}
