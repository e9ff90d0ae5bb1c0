//! The parameters of a request, from a query or a form.

use super::oauth_error::OAuthError;
use url::form_urlencoded;

/// What a request may say in all. It bounds what a code keeps in memory.
const MAX_BYTES: usize = 8 * 1024;

/// The parameters in their order, those without a value left out (RFC 6749 section 3.1).
#[derive(Debug)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(crate) fn parse(encoded: &[u8]) -> Result<Self, OAuthError> {
        if encoded.len() > MAX_BYTES {
            return Err(OAuthError::invalid_request("the request is too long: say it in 8 KiB"));
        }
        let pairs = form_urlencoded::parse(encoded).into_owned();
        Ok(Self(pairs.filter(|(_, value)| !value.is_empty()).collect()))
    }

    /// The same, but for those of this name.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(other, _)| other != name);
        self
    }

    /// A parameter that must not come twice (RFC 6749 section 3.1).
    pub(crate) fn one(&self, name: &str) -> Result<Option<&str>, OAuthError> {
        let mut values = self.all(name);
        let first = values.next();
        match values.next() {
            None => Ok(first),
            Some(_) => Err(OAuthError::invalid_request(format!("`{name}` comes twice: send it once"))),
        }
    }

    /// A parameter that must come exactly once.
    pub(crate) fn required(&self, name: &str) -> Result<&str, OAuthError> {
        self.one(name)?.ok_or_else(|| OAuthError::invalid_request(format!("`{name}` is missing: send it")))
    }

    /// A parameter that may be repeated.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.pairs().filter(move |(other, _)| *other == name).map(|(_, value)| value)
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_comes_once_and_has_a_value() {
        for (encoded, expected) in [
            ("state=a%20b", Ok(Some("a b"))),
            ("state=a+b&nonce=n", Ok(Some("a b"))),
            ("nonce=n", Ok(None)),
            ("state=", Ok(None)),
            ("state", Ok(None)),
            ("state=&state=a", Ok(Some("a"))),
            ("state=a&state=a", Err("invalid_request")),
        ] {
            let parameters = Parameters::parse(encoded.as_bytes()).unwrap();
            assert_eq!(parameters.one("state").map_err(|error| error.code), expected, "{encoded}");
        }
    }

    #[test]
    fn a_long_request_is_refused() {
        let fits = format!("state={}", "a".repeat(MAX_BYTES - 6));
        assert!(Parameters::parse(fits.as_bytes()).is_ok());
        assert!(Parameters::parse(format!("{fits}a").as_bytes()).is_err());
    }
}
