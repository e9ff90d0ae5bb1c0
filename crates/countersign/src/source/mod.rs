//! Sources of tokens: the places of a request that may hold one.
//!
//! Nothing here verifies a token.

pub(crate) mod bearer;
pub(crate) mod handshake;
pub(crate) mod same_origin;
pub(crate) mod sources;

use countersign_core::ConfigError;
use http::header::{AUTHORIZATION, COOKIE, HeaderName, SEC_WEBSOCKET_PROTOCOL};
use std::fmt;

/// A place in a request that may hold a token, for [`VerifierBuilder::sources`](crate::VerifierBuilder::sources).
///
/// # Example
///
/// ```
/// use countersign::{Source, Verifier};
///
/// let builder = Verifier::builder().sources([Source::authorization(), Source::cookie("__session")]);
/// # let _ = builder;
/// ```
pub struct Source(Result<Place, ConfigError>);

impl Source {
    /// `Authorization: Bearer TOKEN` (RFC 6750 section 2.1), the only source unless others are declared.
    pub fn authorization() -> Self {
        Self(Ok(Place::Authorization))
    }

    /// A header that holds the bare token, such as `Cf-Access-Jwt-Assertion` (Cloudflare Access) and
    /// `x-goog-iap-jwt-assertion` (Google's Identity-Aware Proxy).
    pub fn header(name: &str) -> Self {
        let refused = |expected| invalid("header for tokens", name, expected);
        Self(match HeaderName::try_from(name) {
            Err(_) => refused("a header's name, such as `Cf-Access-Jwt-Assertion`"),
            Ok(AUTHORIZATION) => refused("use `Source::authorization()`"),
            Ok(COOKIE) => refused("use `Source::cookie(..)`"),
            Ok(SEC_WEBSOCKET_PROTOCOL) => refused("use `Source::websocket_protocol()`"),
            Ok(name) => Ok(Place::Header(name)),
        })
    }

    /// A cookie that holds the bare token, such as `__session` (Clerk) and `CF_Authorization` (Cloudflare Access). An
    /// empty one is none.
    ///
    /// # Security
    ///
    /// Browsers send cookies with requests that other sites make. So on methods that change something, and on websocket
    /// upgrades, a cookie counts only when the request comes from a page of the same origin, or from one of
    /// [`trusted_origins`](crate::VerifierBuilder::trusted_origins); else the answer is 403 with the code
    /// `cross_origin`. `GET` and `HEAD` handlers must therefore change nothing, and no layer may turn these methods
    /// into others.
    ///
    /// A server on a sibling domain can set a cookie for the whole domain: its own token, or a second one, which is
    /// answered with 400. With the prefix `__Host-` in the cookie's name, browsers accept the cookie from the host
    /// itself only.
    pub fn cookie(name: &str) -> Self {
        // RFC 6265 section 4.1.1: a cookie's name is a token (RFC 9110 section 5.6.2).
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_token) {
            return Self(invalid("cookie for tokens", name, "a cookie's name, such as `__session`"));
        }
        Self(Ok(Place::Cookie(name.into())))
    }

    /// `Sec-WebSocket-Protocol: bearer, TOKEN` of a websocket upgrade, for browsers: `new WebSocket(url, ["bearer",
    /// token])`. The server must answer with `bearer` or another of the protocols, never with the token.
    pub fn websocket_protocol() -> Self {
        Self(Ok(Place::WebSocketProtocol))
    }

    /// Gives access to insecure sources. Use them only if nothing else works.
    pub fn danger() -> DangerousSource {
        DangerousSource(())
    }

    pub(crate) fn place(self) -> Result<Place, ConfigError> {
        self.0
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").field(&self.0).finish()
    }
}

/// Insecure sources. Made by [`Source::danger`].
#[derive(Clone, Copy, Debug)]
pub struct DangerousSource(());

impl DangerousSource {
    /// A parameter of the query, on websocket upgrades only.
    ///
    /// # Security
    ///
    /// Servers and proxies log URLs, and browsers keep them in the history (RFC 9700 section 4.3.2). Use
    /// [`Source::websocket_protocol`] wherever the client can.
    pub fn query(self, name: &str) -> Source {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_plain) {
            return Source(invalid("query parameter for tokens", name, "letters, digits and `-._~`"));
        }
        Source(Ok(Place::Query(name.into())))
    }
}

pub(crate) fn invalid<T>(what: &'static str, value: &str, expected: &'static str) -> Result<T, ConfigError> {
    Err(ConfigError::InvalidArgument { what, value: value.to_owned(), expected })
}

/// The relation of a verifier's sources to the header `Authorization`, which decides the texts of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenPlace {
    Authorization,
    AuthorizationOrElsewhere,
    Elsewhere,
}

/// A checked source.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Place {
    Authorization,
    Header(HeaderName),
    Cookie(Box<str>),
    WebSocketProtocol,
    Query(Box<str>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_cannot_be_one_are_refused() {
        for source in [
            Source::header(""),
            Source::header("a b"),
            Source::header("Authorization"),
            Source::header("cookie"),
            Source::header("Sec-WebSocket-Protocol"),
            Source::cookie(""),
            Source::cookie("a=b"),
            Source::cookie("a;b"),
            Source::cookie("a\u{e4}"),
            Source::danger().query(""),
            Source::danger().query("a&b"),
        ] {
            let source = format!("{source:?}");
            assert!(source.contains("InvalidArgument"), "{source}");
        }
    }
}
