//! The parameters of a request, from its query or its form.

use super::error::OAuthError;
use url::form_urlencoded;

/// The size limit of a request. It also bounds the memory that an authorization code takes.
const MAX_BYTES: usize = 8 * 1024;

/// The parameters in their order. Parameters without a value count as absent (RFC 6749 section 3.1).
#[derive(Debug)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(crate) fn parse(encoded: &[u8]) -> Result<Self, OAuthError> {
        if encoded.len() > MAX_BYTES {
            return Err(OAuthError::invalid_request("the request is too long: send at most 8 KiB"));
        }
        let pairs = form_urlencoded::parse(encoded).into_owned();
        Ok(Self(pairs.filter(|(_, value)| !value.is_empty()).collect()))
    }

    /// Removes the parameters of this name.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(other, _)| other != name);
        self
    }

    /// Reads an optional parameter, which must not be repeated (RFC 6749 section 3.1).
    pub(crate) fn optional(&self, name: &str) -> Result<Option<&str>, OAuthError> {
        let mut values = self.all(name);
        let first = values.next();
        match values.next() {
            None => Ok(first),
            Some(_) => Err(OAuthError::invalid_request(format!("`{name}` is repeated: send it once"))),
        }
    }

    /// Reads a required parameter.
    pub(crate) fn required(&self, name: &str) -> Result<&str, OAuthError> {
        self.optional(name)?.ok_or_else(|| OAuthError::invalid_request(format!("`{name}` is missing: send it")))
    }

    /// Reads a parameter that may be repeated.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.pairs().filter(move |(other, _)| *other == name).map(|(_, value)| value)
    }

    /// All names and values.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_has_a_value_and_is_not_repeated() {
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
            assert_eq!(parameters.optional("state").map_err(|error| error.code), expected, "{encoded}");
        }
    }

    #[test]
    fn a_long_request_is_refused() {
        let fits = format!("state={}", "a".repeat(MAX_BYTES - 6));
        assert!(Parameters::parse(fits.as_bytes()).is_ok());
        assert!(Parameters::parse(format!("{fits}a").as_bytes()).is_err());
    }
}
