//! Where the browser goes with its code.

use super::loopback::is_loopback;
use url::Url;

/// A redirect URI on this machine, on any port (RFC 8252 section 7.3).
#[derive(Clone, Debug)]
pub(crate) struct RedirectUri {
    /// As the client wrote it, for the comparison at the token endpoint.
    written: String,
    /// As it was judged, and as the browser gets it.
    url: Url,
}

impl RedirectUri {
    pub(crate) fn parse(written: &str) -> Option<Self> {
        let url = Url::parse(written).ok()?;
        // RFC 6749 section 3.1.2: no fragment.
        (is_loopback(&url) && url.fragment().is_none()).then(|| Self { written: written.to_owned(), url })
    }

    pub(crate) fn written(&self) -> &str {
        &self.written
    }

    /// The same with these parameters added; its own stay (RFC 6749 section 3.1.2).
    pub(crate) fn with<'v>(&self, parameters: impl IntoIterator<Item = (&'v str, &'v str)>) -> Url {
        let mut url = self.url.clone();
        url.query_pairs_mut().extend_pairs(parameters);
        url
    }

    /// What a page must allow in `form-action` so that its form may lead here: browsers look at redirects, too.
    pub(crate) fn form_action(&self) -> String {
        match self.url.host() {
            // A source of a policy cannot name an IPv6 address (CSP 3 section 2.3.1).
            Some(url::Host::Ipv6(_)) | None => format!("{}:", self.url.scheme()),
            Some(_) => self.url.origin().ascii_serialization(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_uri_keeps_its_own_parameters() {
        for (written, expected) in [
            ("http://127.0.0.1:3000/cb", "http://127.0.0.1:3000/cb?code=a%26b"),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000/?code=a%26b"),
            ("http://127.0.0.1:3000/cb?x=1", "http://127.0.0.1:3000/cb?x=1&code=a%26b"),
        ] {
            let uri = RedirectUri::parse(written).unwrap();
            assert_eq!(uri.with([("code", "a&b")]).as_str(), expected);
            assert_eq!(uri.form_action(), "http://127.0.0.1:3000");
        }
        assert_eq!(RedirectUri::parse("http://[::1]:3000/cb").unwrap().form_action(), "http:");
    }

    #[test]
    fn a_redirect_uri_has_no_fragment_and_stays_here() {
        for written in ["http://127.0.0.1/cb#", "http://127.0.0.1/cb#x", "https://app.example/cb", "/cb", "cb", ""] {
            assert!(RedirectUri::parse(written).is_none(), "{written}");
        }
    }
}
