//! The place where an issuer publishes its keys, as data.

use countersign_core::ConfigError;

/// The place where an issuer publishes its keys.
#[derive(Clone, Debug)]
pub(crate) enum KeyLocation {
    /// The `jwks_uri` of the discovery document under `base`, which must name the issuer.
    Discovered { base: String },
    /// A fixed URL.
    At(String),
}

impl KeyLocation {
    pub(crate) fn discovered(base: &str) -> Result<Self, ConfigError> {
        check_url(&discovery_url(base), base)?;
        Ok(Self::Discovered { base: base.to_owned() })
    }

    pub(crate) fn at(url: &str) -> Result<Self, ConfigError> {
        check_url(url, url)?;
        Ok(Self::At(url.to_owned()))
    }
}

/// The URL of the discovery document. OpenID Connect Discovery 1.0 section 4.1: a terminating slash of the issuer is
/// removed before the path is appended.
pub(crate) fn discovery_url(base: &str) -> String {
    format!("{}/.well-known/openid-configuration", base.strip_suffix('/').unwrap_or(base))
}

/// Refuses the URL of an issuer that keys must not come from.
#[cfg(feature = "fetch")]
pub(crate) fn check_issuer(iss: &str) -> Result<(), ConfigError> {
    use crate::http::url_policy::{invalid_url, parse_issuer};

    parse_issuer(iss).map(drop).map_err(|problem| invalid_url(iss, problem))
}

/// Accepts any text: nothing is fetched without the feature `fetch`, and an `iss` is compared to the letter.
#[cfg(not(feature = "fetch"))]
pub(crate) fn check_issuer(_: &str) -> Result<(), ConfigError> {
    Ok(())
}

/// Refuses a URL that keys must not come from. The error names `configured`.
#[cfg(feature = "fetch")]
fn check_url(url: &str, configured: &str) -> Result<(), ConfigError> {
    use crate::http::url_policy::{invalid_url, parse_url};

    parse_url(url).map(drop).map_err(|problem| invalid_url(configured, problem))
}

/// Accepts any text: nothing is fetched without the feature `fetch`.
#[cfg(not(feature = "fetch"))]
fn check_url(_: &str, _: &str) -> Result<(), ConfigError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slash_at_the_end_does_not_double() {
        for (issuer, expected) in [
            ("https://a.example", "https://a.example/.well-known/openid-configuration"),
            ("https://a.example/", "https://a.example/.well-known/openid-configuration"),
            ("https://a.example/realms/x", "https://a.example/realms/x/.well-known/openid-configuration"),
        ] {
            assert_eq!(discovery_url(issuer), expected);
        }
    }
}
