//! The redirect URI of an authorization request.

use crate::loopback::is_loopback;
use url::Url;

/// A redirect URI on this machine, on any port (RFC 8252 section 7.3).
#[derive(Clone, Debug)]
pub(crate) struct RedirectUri {
    /// The text of the request, for the comparison at the token endpoint.
    text: String,
    /// The parsed URL, for the checks and for the redirect.
    url: Url,
}

impl RedirectUri {
    /// Parses a URL of this machine.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        // RFC 6749 section 3.1.2: no fragment.
        (is_loopback(&url) && url.fragment().is_none()).then(|| Self { text: text.to_owned(), url })
    }

    /// The text exactly as the client wrote it.
    pub(crate) fn as_written(&self) -> &str {
        &self.text
    }

    /// Adds parameters to those that the URI has already (RFC 6749 section 3.1.2).
    pub(crate) fn with<'v>(&self, parameters: impl IntoIterator<Item = (&'v str, &'v str)>) -> Url {
        let mut url = self.url.clone();
        url.query_pairs_mut().extend_pairs(parameters);
        url
    }

    /// The source that a page must allow in `form-action`. Browsers apply that directive to the redirect after a form,
    /// too.
    pub(crate) fn form_action(&self) -> String {
        match self.url.host() {
            // CSP 3 section 2.3.1: a source expression cannot contain an IPv6 address.
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
    fn a_redirect_uri_has_no_fragment_and_is_on_this_machine() {
        for written in ["http://127.0.0.1/cb#", "http://127.0.0.1/cb#x", "https://app.example/cb", "/cb", "cb", ""] {
            assert!(RedirectUri::parse(written).is_none(), "{written}");
        }
    }
}
