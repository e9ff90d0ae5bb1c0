//! Fetches documents over HTTP: status 200 only, no redirects, bounded in size and time.

use crate::discovery::ProviderMetadata;
use countersign_core::{BoxFuture, ConfigError, Fetch, FetchError, Fetched};
use reqwest::header::{ACCEPT, AGE, CACHE_CONTROL, HeaderMap};
use reqwest::{Client, StatusCode, redirect};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// The largest document that is read, in bytes. Real key sets have 2 to 20 KiB.
const MAX_DOCUMENT: usize = 256 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const TIMEOUT: Duration = Duration::from_secs(5);

/// The port is taken from the URL where it is 0 here.
const LOOPBACK: [SocketAddr; 2] =
    [SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0), SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 0)];

/// The client that is used unless the caller brings one.
///
/// It follows no redirect; asks for no compression, since what cannot be unpacked cannot explode; and takes no proxy from
/// the environment, which would see and could exchange what comes over http from loopback. `localhost` is loopback here,
/// whatever a resolver says.
pub(crate) fn http_client() -> Result<Client, ConfigError> {
    Client::builder()
        .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .no_gzip()
        .no_brotli()
        .no_deflate()
        .no_zstd()
        .resolve_to_addrs("localhost", &LOOPBACK)
        .build()
        .map_err(|error| ConfigError::HttpClient(Box::new(error)))
}

/// Gets a JWK set, from a URL of its own or by way of OpenID discovery.
#[derive(Debug)]
pub(crate) struct HttpFetch {
    pub(crate) client: Client,
    pub(crate) keys: KeyLocation,
}

/// Where an issuer publishes its keys.
#[derive(Clone, Debug)]
pub(crate) enum KeyLocation {
    /// Wherever the issuer's discovery document says.
    Discovered { issuer: Arc<str> },
    /// At a fixed URL.
    At(Url),
}

impl Fetch for HttpFetch {
    fn fetch(&self) -> BoxFuture<'_, Result<Fetched, FetchError>> {
        Box::pin(async {
            let url = match &self.keys {
                KeyLocation::At(url) => url.clone(),
                // Discovered anew each time, so that a provider may move its keys.
                KeyLocation::Discovered { issuer } => {
                    ProviderMetadata::fetch(&self.client, issuer).await?.jwks_uri()?
                }
            };
            let document = document(&self.client, url, "application/jwk-set+json, application/json").await?;
            Ok(Fetched { max_age: max_age(&document.headers), jwks: document.body })
        })
    }
}

pub(crate) struct Document {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Gets a document of at most 256 KiB.
pub(crate) async fn document(client: &Client, url: Url, accept: &str) -> Result<Document, FetchError> {
    let mut response = client
        .get(url.clone())
        .header(ACCEPT, accept)
        // A client of the caller's may have no time limit.
        .timeout(TIMEOUT)
        .send()
        .await
        .map_err(|error| FetchError::new("the request failed", error.without_url()))?;
    // A client of the caller's may follow redirects; its answer then comes from elsewhere, and is not believed.
    if *response.url() != url || response.status().is_redirection() {
        return Err("the answer is a redirect: configure the address it leads to".into());
    }
    if response.status() != StatusCode::OK {
        return Err(FetchError::new("the answer is not 200", response.status().to_string()));
    }
    let mut body = Vec::new();
    while let Some(chunk) =
        response.chunk().await.map_err(|error| FetchError::new("the answer broke off", error.without_url()))?
    {
        if body.len() + chunk.len() > MAX_DOCUMENT {
            return Err("the answer is larger than 256 KiB".into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Document { headers: response.headers().clone(), body })
}

/// `max-age` (RFC 9111 section 5.2.2.1); zero for answers that must not be kept, so that the least lifetime counts.
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let mut age = None;
    for value in headers.get_all(CACHE_CONTROL) {
        for directive in value.to_str().ok()?.split(',').map(str::trim) {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            match name.to_ascii_lowercase().as_str() {
                "no-store" | "no-cache" => return Some(Duration::ZERO),
                "max-age" => age = value.trim_matches('"').parse().ok().map(Duration::from_secs).or(age),
                _ => {}
            }
        }
    }
    // RFC 9111 section 4.2: time spent in caches on the way counts.
    let spent = headers
        .get(AGE)
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .map_or(Duration::ZERO, Duration::from_secs);
    age.map(|age| age.saturating_sub(spent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_read_from_cache_control() {
        for (text, expected) in [
            ("max-age=300", Some(300)),
            ("public, max-age=19204, must-revalidate, no-transform", Some(19204)),
            ("Max-Age=\"60\"", Some(60)),
            ("no-store", Some(0)),
            ("max-age=300, no-cache", Some(0)),
            ("max-age=soon", None),
            ("max-age=-1", None),
            ("private", None),
        ] {
            let headers = HeaderMap::from_iter([(CACHE_CONTROL, text.parse().unwrap())]);
            assert_eq!(max_age(&headers), expected.map(Duration::from_secs), "{text}");
        }
        assert_eq!(max_age(&HeaderMap::new()), None);
    }
}
