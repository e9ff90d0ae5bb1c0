//! The setting that accepts unsigned tokens of an emulator on this machine. Compiled only with the feature
//! `dangerous-unsigned`.

use crate::error::{ConfigError, TokenError};
use crate::json::{Json, Object};
use crate::keys::jwk::VerificationKey;
use crate::policy::issuer::Issuer;
use crate::token::raw::{RawToken, refuse_extensions};
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

/// An issuer with access to its dangerous settings. [`Issuer::danger`] creates it.
#[derive(Clone, Debug)]
#[must_use = "nothing is weakened yet"]
pub struct DangerousIssuer(Issuer);

impl Issuer {
    /// Gives access to the settings that weaken the issuer.
    pub fn danger(self) -> DangerousIssuer {
        DangerousIssuer(self)
    }
}

impl DangerousIssuer {
    /// Accepts tokens without a signature (`alg: none`), such as those of the Firebase emulator. Signed tokens are
    /// refused. The emulator must run on this machine. Pass its host and port, such as `127.0.0.1:9099`.
    ///
    /// # Security
    ///
    /// Any caller who reaches the API can pretend to be any user. Each start and each new token logs a warning. No
    /// environment variable and no cargo feature enables this by itself. Keep the call out of programs that are
    /// deployed. [Asynchronous rules](Issuer::validate_async) do not run for such tokens. All other rules do.
    ///
    /// # Example
    ///
    /// ```
    /// use countersign_core::{Audience, Issuer, IssuerKeys};
    ///
    /// let issuer = || {
    ///     Issuer::new("https://securetoken.google.com/demo", IssuerKeys::jwks(r#"{"keys":[]}"#))
    ///         .audience(Audience::any_of(["demo"]))
    /// };
    /// assert!(issuer().danger().accept_unsigned_tokens("127.0.0.1:9099").is_ok());
    /// assert!(issuer().danger().accept_unsigned_tokens("auth.example.com:9099").is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError::UnsignedTokens`] for an emulator that is not on loopback.
    pub fn accept_unsigned_tokens(self, emulator: &str) -> Result<Issuer, ConfigError> {
        if !is_on_loopback(emulator) {
            return Err(ConfigError::UnsignedTokens(emulator.to_owned()));
        }
        Ok(self.0.unsigned())
    }
}

/// Tests for a host and port of this machine. Names other than `localhost` could resolve to any address.
fn is_on_loopback(address: &str) -> bool {
    let Some((host, port)) = address.rsplit_once(':') else { return false };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let is_loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    is_loopback && port.parse::<u16>().is_ok()
}

/// Reads the payload of a token without a signature: `alg` is exactly `none`, and the last part is empty.
pub(crate) fn payload(token: &str) -> Result<Vec<u8>, TokenError> {
    let raw = RawToken::parse_unsigned(token)?;
    let header = String::from_utf8(raw.header_bytes()?).map_err(|_| TokenError::MalformedHeader)?;
    let header = Object::parse(&header).map_err(|_| TokenError::MalformedHeader)?;
    if header.get("alg").and_then(Json::as_str) != Some("none") {
        return Err(TokenError::AlgorithmNotAllowed);
    }
    refuse_extensions(&header)?;
    if header.get("typ").is_some_and(|typ| typ.as_str() != Some("JWT")) {
        return Err(TokenError::TypeNotAccepted);
    }
    raw.payload()
}

/// Gives a placeholder for a key. It verifies nothing.
pub(crate) fn no_key() -> Arc<VerificationKey> {
    static NO_KEY: LazyLock<Arc<VerificationKey>> = LazyLock::new(|| Arc::new(VerificationKey::of_nobody()));
    Arc::clone(&NO_KEY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_may_be_believed_without_a_signature() {
        for here in ["127.0.0.1:9099", "localhost:9099", "[::1]:9099", "127.8.8.8:1"] {
            assert!(is_on_loopback(here), "{here}");
        }
        for elsewhere in [
            "10.0.0.1:9099",
            "0.0.0.0:9099",
            "auth.example.com:9099",
            "localhost.example.com:9099",
            "127.0.0.1.example.com:9099",
            "127.0.0.1",
            "localhost",
            "127.0.0.1:99999",
            "http://127.0.0.1:9099",
            "user@127.0.0.1:9099",
            "",
        ] {
            assert!(!is_on_loopback(elsewhere), "{elsewhere}");
        }
    }
}
