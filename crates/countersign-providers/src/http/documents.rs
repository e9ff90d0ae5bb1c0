//! Fetches documents over HTTP: status 200 only, no redirects, limited size and time.

use crate::http::address::AddressFilter;
use crate::http::headers::{header, retry_after};
use countersign_core::{ConfigError, FetchError};
use reqwest::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, IF_NONE_MATCH};
use reqwest::{Client, StatusCode, redirect};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// The maximum size of a document in bytes. Real key sets have 2 to 20 KiB.
const MAX_DOCUMENT: usize = 256 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const TIMEOUT: Duration = Duration::from_secs(5);

/// The loopback addresses. Port 0 is replaced by the URL's port.
const LOOPBACK: [SocketAddr; 2] =
    [SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0), SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 0)];

/// A client with the addresses that it may connect to.
pub(crate) struct Http {
    client: Client,
    addresses: AddressFilter,
}

impl fmt::Debug for Http {
    /// Omits the client, which would print its default headers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

pub(crate) struct Document {
    pub(crate) headers: HeaderMap,
    /// `None` if the document has not changed.
    pub(crate) body: Option<Vec<u8>>,
}

impl Http {
    /// Uses the application's client, or makes one.
    pub(crate) fn new(client: Option<Client>, addresses: AddressFilter) -> Result<Self, ConfigError> {
        let client = client.map_or_else(|| default_client(&addresses), Ok)?;
        Ok(Self { client, addresses })
    }

    /// Fetches a document of at most 256 KiB, unless its entity tag is still `known`.
    pub(crate) async fn document(&self, url: Url, accept: &str, known: Option<&str>) -> Result<Document, FetchError> {
        self.addresses.check(&url).map_err(|refused| FetchError::new("the address is not allowed", refused))?;
        // The application's client may have no time limit.
        let mut request = self.client.get(url.clone()).header(ACCEPT, accept).timeout(TIMEOUT);
        if let Some(etag) = known {
            request = request.header(IF_NONE_MATCH, etag);
        }
        let mut response =
            request.send().await.map_err(|error| FetchError::new("the request failed", error.without_url()))?;
        if known.is_some() && *response.url() == url && response.status() == StatusCode::NOT_MODIFIED {
            return Ok(Document { headers: response.headers().clone(), body: None });
        }
        // The application's client may follow redirects. Its answer then comes from another address and is refused.
        if *response.url() != url || response.status().is_redirection() {
            return Err("the answer is a redirect: configure the address that it leads to".into());
        }
        if response.status() != StatusCode::OK {
            let error = FetchError::new("the answer is not 200", response.status().to_string());
            return Err(retry_after(response.headers()).into_iter().fold(error, FetchError::retry_after));
        }
        // Providers serve JSON with many media types, but HTML is never JSON.
        if header(response.headers(), CONTENT_TYPE).is_some_and(|media_type| media_type.starts_with("text/html")) {
            return Err("the answer is a web page: check for a login page or a proxy in front of the provider".into());
        }
        if header(response.headers(), CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
            return Err("the answer is compressed, which was not requested".into());
        }
        let mut body = Vec::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|error| FetchError::new("the answer ended early", error.without_url()))?
        {
            if body.len() + chunk.len() > MAX_DOCUMENT {
                return Err("the answer is larger than 256 KiB".into());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Document { headers: response.headers().clone(), body: Some(body) })
    }
}

/// Makes the client that is used unless the application gives one.
///
/// It follows no redirects. It requests no compression, which rules out decompression bombs. It ignores proxies of the
/// environment, which could read and replace answers that come over http from loopback. `localhost` always resolves to
/// loopback here. No other name does, unless the operator allows it.
pub(crate) fn default_client(addresses: &AddressFilter) -> Result<Client, ConfigError> {
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
        .dns_resolver(Arc::new(addresses.clone()))
        .resolve_to_addrs("localhost", &LOOPBACK)
        .build()
        .map_err(|error| ConfigError::HttpClient(Box::new(error)))
}
