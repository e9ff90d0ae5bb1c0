//! Providers that replace their signing key while they run.

use crate::decoded::header;
use crate::glewlwyd::Glewlwyd;
use crate::oidc_provider::OidcProvider;
use crate::{API, Result};

/// The treatment of the old keys.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum OldKeys {
    /// They remain published, so their tokens can be verified.
    Kept,
    Dropped,
}

pub(super) trait Rotating: Sized {
    async fn start(log: &str) -> Result<Self>;
    fn issuer(&self) -> &str;
    /// A new token for the API.
    async fn token(&self) -> Result<String>;
    /// Replaces the signing key.
    async fn rotate(&mut self, old: OldKeys) -> Result;
    /// The number of key set fetches since the start, as counted by the provider.
    async fn key_fetches(&self) -> Result<u64>;
}

impl Rotating for OidcProvider {
    async fn start(log: &str) -> Result<Self> {
        OidcProvider::start(log).await
    }

    fn issuer(&self) -> &str {
        self.issuer()
    }

    async fn token(&self) -> Result<String> {
        self.client_credentials(&format!("{API}?alg=ES256"), "reports:read").await
    }

    async fn rotate(&mut self, old: OldKeys) -> Result {
        self.rotate_keys("ES256", old).await
    }

    async fn key_fetches(&self) -> Result<u64> {
        self.key_fetches().await
    }
}

impl Rotating for Glewlwyd {
    async fn start(log: &str) -> Result<Self> {
        Glewlwyd::start(log).await
    }

    fn issuer(&self) -> &str {
        self.issuer()
    }

    async fn token(&self) -> Result<String> {
        self.client_credentials("RS256", "reports:read", Some(API)).await
    }

    async fn rotate(&mut self, old: OldKeys) -> Result {
        self.rotate_keys("RS256", old).await
    }

    async fn key_fetches(&self) -> Result<u64> {
        Ok(self.key_fetches())
    }
}

/// The key that the token names.
pub(super) fn kid(token: &str) -> Result<String> {
    let header = header(token)?;
    Ok(header["kid"].as_str().ok_or(format!("no kid in {header}"))?.to_owned())
}
