//! The keys that a provider's tokens are verified with: given, or fetched.

#[cfg(feature = "fetch")]
use crate::http::fetching::Fetching;
#[cfg(feature = "fetch")]
use crate::preset::key_location::KeyLocation;
use crate::preset::profile::Profile;
use crate::preset::provider::Provider;
use crate::preset::traits::Preset;
use countersign_core::{ConfigError, IssuerKeys, Jwks};

#[derive(Clone, Default)]
pub(crate) struct KeySettings {
    pub(crate) source: KeySource,
    #[cfg(feature = "fetch")]
    pub(crate) fetching: Fetching,
}

#[derive(Clone, Default)]
pub(crate) enum KeySource {
    /// The location that the preset knows.
    #[default]
    Preset,
    #[cfg(feature = "fetch")]
    Url(String),
    Given(IssuerKeys),
}

impl KeySettings {
    /// Gives the keys of the profile's issuer.
    pub(crate) fn keys(self, profile: &Profile) -> Result<IssuerKeys, ConfigError> {
        #[cfg(feature = "dangerous-unsigned")]
        if profile.is_emulated() {
            // An emulator has no keys. These verify nothing and are replaced with the setting.
            return Ok(IssuerKeys::jwks(r#"{"keys":[]}"#));
        }
        match self.source {
            KeySource::Given(keys) => Ok(keys),
            #[cfg(feature = "fetch")]
            KeySource::Preset => self.fetching.keys(&profile.iss, &profile.keys),
            #[cfg(feature = "fetch")]
            KeySource::Url(url) => self.fetching.keys(&profile.iss, &KeyLocation::at(&url)?),
            #[cfg(not(feature = "fetch"))]
            KeySource::Preset => Err(ConfigError::KeysNotGiven(profile.iss.to_string())),
        }
    }
}

impl<P> Provider<P> {
    /// Uses this JWK set and no network: its text, or a `JwkSet` with the cargo feature `jsonwebtoken`. Key rotation is
    /// not followed.
    pub fn jwks(self, set: impl Into<Jwks>) -> Self {
        self.keys(IssuerKeys::jwks(set))
    }

    /// Uses these public keys (`BEGIN PUBLIC KEY`) and no network. Key rotation is not followed.
    pub fn pem(self, text: impl AsRef<[u8]>) -> Self {
        self.keys(IssuerKeys::pem(text))
    }

    /// Uses these keys in place of the preset's: a handle that several verifiers share, from
    /// [`shared_keys`](Self::shared_keys) or [`IssuerKeys::shared`], or keys from your own
    /// [`FetchJwks`](countersign_core::FetchJwks).
    ///
    /// # Security
    ///
    /// Every token that these keys sign in the provider's name is accepted. The provider's settings of addresses and
    /// HTTP client have no effect: a handle keeps those that it was made with.
    pub fn keys(mut self, keys: IssuerKeys) -> Self {
        self.keys.source = KeySource::Given(keys);
        self
    }
}

impl<P: Preset> Provider<P> {
    /// Makes a handle of the provider's keys, fetched as its settings say, for several verifiers: see
    /// [`IssuerKeys::shared`]. The first fetch happens when the first of the verifiers is built.
    ///
    /// # Example
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use countersign_core::Verifier;
    /// use countersign_providers::Oidc;
    ///
    /// let provider = || Oidc::issuer("https://idp.example.com");
    /// let keys = provider().shared_keys()?;
    /// let api = |audience| provider().audience(audience).keys(keys.clone());
    /// let public = Verifier::builder().issuer(api("https://api.example.com")).build().await?;
    /// let internal = Verifier::builder().issuer(api("https://internal.example.com")).build().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for an argument that the provider cannot have given out, as when a verifier is built with it.
    pub fn shared_keys(self) -> Result<IssuerKeys, ConfigError> {
        let profile = self.preset.profile(self.recipients)?;
        Ok(self.keys.keys(&profile)?.shared())
    }
}

#[cfg(test)]
mod tests {
    use crate::Oidc;
    use countersign_core::{BoxFuture, FetchError, FetchJwks, FetchedJwks, IntoIssuer, IssuerKeys};
    use std::sync::Arc;

    #[derive(Debug)]
    struct OwnFetch;

    impl FetchJwks for OwnFetch {
        fn fetch(&self, _: Option<Arc<str>>) -> BoxFuture<'_, Result<FetchedJwks, FetchError>> {
            Box::pin(async { Ok(FetchedJwks::jwks(r#"{"keys":[]}"#)) })
        }
    }

    #[test]
    fn keys_are_given_or_fetched() {
        let oidc = || Oidc::issuer("https://idp.example.com").audience("api");
        assert!(oidc().jwks(r#"{"keys":[]}"#).into_issuer().is_ok());
        assert!(oidc().keys(IssuerKeys::fetched(OwnFetch)).into_issuer().is_ok());
        #[cfg(feature = "fetch")]
        assert!(oidc().into_issuer().is_ok());
        #[cfg(not(feature = "fetch"))]
        assert_eq!(
            oidc().into_issuer().unwrap_err().to_string(),
            "issuer `https://idp.example.com` has no keys: give them with `.jwks(..)`, `.pem(..)` or `.keys(..)`, or enable \
             the cargo feature `fetch`"
        );
    }
}
