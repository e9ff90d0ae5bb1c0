//! The configuration, which comes from environment variables only.

use countersign::ConfigError;
use countersign::keys::Algorithm;
use std::net::SocketAddr;
use std::time::Duration;

/// The configuration from the environment.
#[derive(Debug, PartialEq)]
pub(crate) struct Config {
    pub(crate) bind: SocketAddr,
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) algorithms: Option<Vec<Algorithm>>,
    pub(crate) leeway: Duration,
    /// The public client that the documentation page uses for login.
    pub(crate) docs_client_id: Option<String>,
}

impl Config {
    /// Reads the variables. The error is one line, and names the variable that is missing or invalid.
    pub(crate) fn from_env(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        // An empty variable is treated as not set.
        let optional = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let required = |name: &str, what: &str| optional(name).ok_or_else(|| format!("{name} is not set: give {what}"));
        Ok(Self {
            bind: optional("BIND")
                .unwrap_or_else(|| "127.0.0.1:3000".to_owned())
                .parse()
                .map_err(|_| "BIND is not an address and port, such as 127.0.0.1:3000".to_owned())?,
            issuer: required("COUNTERSIGN_ISSUER", "the provider's issuer URL, such as https://idp.example.com")?,
            audience: required("COUNTERSIGN_AUDIENCE", "the `aud` value in the provider's tokens for this API")?,
            algorithms: optional("COUNTERSIGN_ALGORITHMS").map(|names| algorithms(&names)).transpose()?,
            docs_client_id: optional("COUNTERSIGN_DOCS_CLIENT_ID"),
            leeway: match optional("COUNTERSIGN_LEEWAY") {
                None => Duration::from_secs(30),
                Some(seconds) => seconds
                    .parse()
                    .map(Duration::from_secs)
                    .map_err(|_| "COUNTERSIGN_LEEWAY is not a whole number of seconds".to_owned())?,
            },
        })
    }
}

fn algorithms(names: &str) -> Result<Vec<Algorithm>, String> {
    names
        .split(',')
        .map(|name| {
            let name = name.trim();
            Algorithm::from_name(name).ok_or_else(|| {
                format!("COUNTERSIGN_ALGORITHMS names `{name}`, which is not supported: list names such as RS256,ES256")
            })
        })
        .collect()
}

/// The variable that caused the error.
pub(crate) fn variable_of(error: &ConfigError) -> &'static str {
    match error {
        ConfigError::NoAudience(_) => "COUNTERSIGN_AUDIENCE",
        ConfigError::NoAlgorithm(_) => "COUNTERSIGN_ALGORITHMS",
        ConfigError::LeewayTooLong(_) => "COUNTERSIGN_LEEWAY",
        _ => "COUNTERSIGN_ISSUER",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 2] =
        [("COUNTERSIGN_ISSUER", "https://idp.example.com"), ("COUNTERSIGN_AUDIENCE", "https://api.example.com")];

    #[track_caller]
    fn assert_blamed(changed: &str, value: &str) {
        let read = Config::from_env(|name| {
            let value = Some(value).filter(|value| !value.is_empty()).map(str::to_owned);
            if name == changed {
                value
            } else {
                GOOD.iter().find(|(good, _)| *good == name).map(|(_, value)| (*value).to_owned())
            }
        });
        let error = read.expect_err(value);
        assert!(error.contains(changed) && error.lines().count() == 1, "{error}");
    }

    #[test]
    fn a_missing_or_wrong_variable_is_named() {
        assert_blamed("COUNTERSIGN_ISSUER", "");
        assert_blamed("COUNTERSIGN_AUDIENCE", "");
        assert_blamed("BIND", "localhost");
        assert_blamed("COUNTERSIGN_ALGORITHMS", "RS256,HS256");
        assert_blamed("COUNTERSIGN_ALGORITHMS", "none");
        assert_blamed("COUNTERSIGN_LEEWAY", "-1");
        assert_blamed("COUNTERSIGN_LEEWAY", "half a minute");
    }

    #[test]
    fn two_variables_are_enough() {
        let config =
            Config::from_env(|name| GOOD.iter().find(|(good, _)| *good == name).map(|(_, value)| (*value).to_owned()));
        let config = config.unwrap();
        assert_eq!((config.bind.port(), config.leeway.as_secs(), config.algorithms), (3000, 30, None));
    }
}
