//! The URLs that keys may come from.

use countersign_core::ConfigError;
use url::{Host, Url};

/// Parses a URL that is safe to fetch keys from: https, or http on loopback, without user name and fragment.
pub(crate) fn parse_url(text: &str) -> Result<Url, &'static str> {
    // The parser silently drops line breaks and tabs, so two texts would name one place.
    if text.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
        return Err("holds a blank or a control character: remove it");
    }
    let url = Url::parse(text).map_err(|_| "is not a URL: give it with its scheme, such as https://idp.example.com")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a user name or password: remove it");
    }
    if url.fragment().is_some() {
        return Err("holds a fragment: remove it");
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        _ => Err("must be https: keys that come over http can be replaced on the way (loopback excepted)"),
    }
}

/// Parses the URL of an issuer, which must have no query either (OpenID Connect Discovery 1.0 section 3, `issuer`).
pub(crate) fn parse_issuer(text: &str) -> Result<Url, &'static str> {
    let url = parse_url(text)?;
    if url.query().is_some() { Err("holds a query: an issuer has none") } else { Ok(url) }
}

/// The error for a URL that is refused.
pub(crate) fn invalid_url(url: &str, problem: &'static str) -> ConfigError {
    ConfigError::InvalidIssuer { issuer: url.to_owned(), problem }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Tests for a URL of this machine, by address or by a name that resolvers treat as loopback (RFC 6761 section 6.3).
pub(crate) fn is_this_machine(url: &Url) -> bool {
    let is_local_name = |name: &str| name.trim_end_matches('.').rsplit('.').next() == Some("localhost");
    is_loopback(url) || url.domain().is_some_and(is_local_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_is_for_loopback_only() {
        for text in ["https://idp.example.com/a", "http://127.0.0.1:9000", "http://[::1]/", "http://localhost:1/x"] {
            assert!(parse_url(text).is_ok(), "{text}");
        }
        for text in [
            "http://idp.example.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "ftp://127.0.0.1",
            "http://10.0.0.1",
            "http://169.254.169.254",
            "https://user@idp.example.com",
            "https://idp.example.com#a",
            "idp.example.com",
            "",
            "https://",
            "file:///etc/passwd",
            "https://idp.example.com/\n",
            "https://idp .example.com",
            "http://127.0.0.1@idp.example.com",
        ] {
            assert!(parse_url(text).is_err(), "{text}");
        }
        assert!(parse_url("https://idp.example.com/keys?appid=1").is_ok());
        assert!(parse_issuer("https://idp.example.com/?x=1").is_err());
    }
}
