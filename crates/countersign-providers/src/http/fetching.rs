//! The settings for fetching keys, which all presets share.

use crate::http::address::AddressFilter;
use crate::http::documents::Http;
use crate::http::fetch::HttpFetch;
use crate::preset::key_location::KeyLocation;
use crate::preset::key_settings::KeySource;
use crate::preset::provider::Provider;
use countersign_core::{ConfigError, IssuerKeys};
use reqwest::Client;
use std::net::IpAddr;

#[derive(Clone)]
pub(crate) struct Fetching {
    addresses: AddressFilter,
    client: Option<Client>,
}

impl Default for Fetching {
    fn default() -> Self {
        Self { addresses: AddressFilter::public(), client: None }
    }
}

impl Fetching {
    pub(crate) fn http(&self) -> Result<Http, ConfigError> {
        Http::new(self.client.clone(), self.addresses.clone())
    }

    pub(crate) fn keys(&self, iss: &str, location: &KeyLocation) -> Result<IssuerKeys, ConfigError> {
        Ok(IssuerKeys::fetched(HttpFetch::new(self.http()?, iss, location)?))
    }
}

impl<P> Provider<P> {
    /// Fetches the keys from this URL, without discovery.
    pub fn jwks_url(mut self, url: impl Into<String>) -> Self {
        self.keys.source = KeySource::Url(url.into());
        self
    }

    /// Allows connections to these addresses in addition to public ones. By default a provider is reached only at
    /// public addresses, or on loopback if its URL says so. So neither its discovery document nor a misleading DNS name
    /// can direct requests to an internal network (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, fc00::/7 and the like) or
    /// to a cloud's metadata service (169.254.169.254).
    ///
    /// # Example
    ///
    /// A provider on an internal network:
    ///
    /// ```
    /// use countersign_providers::Oidc;
    /// use std::net::IpAddr;
    ///
    /// let provider = Oidc::issuer("https://keycloak.internal.example/realms/main")
    ///     .audience("https://api.example.com")
    ///     .allow_addresses(|address| matches!(address, IpAddr::V4(v4) if v4.octets()[..2] == [10, 1]));
    /// # let _ = provider;
    /// ```
    ///
    /// # Security
    ///
    /// Allow as little as you need: an attacker who controls the provider or its DNS name can have requests sent to
    /// these addresses.
    pub fn allow_addresses(mut self, allowed: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        self.keys.fetching.addresses = AddressFilter::and(allowed);
        self
    }

    /// Fetches with this client, such as one with a proxy or with your own root certificates.
    ///
    /// # Security
    ///
    /// The client's own settings apply, and it resolves names itself: addresses are checked only if a URL holds one in
    /// place of a name. Disable redirects (`redirect::Policy::none()`): the answer to a redirected request is refused,
    /// but the request was made.
    pub fn http_client(mut self, client: Client) -> Self {
        self.keys.fetching.client = Some(client);
        self
    }
}
