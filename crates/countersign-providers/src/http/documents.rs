//! Gets documents over HTTP: status 200 only, no redirects, bounded in size and time.

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

/// The largest document that is read, in bytes. Real key sets have 2 to 20 KiB.
const MAX_DOCUMENT: usize = 256 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const TIMEOUT: Duration = Duration::from_secs(5);

/// The port is taken from the URL where it is 0 here.
const LOOPBACK: [SocketAddr; 2] =
    [SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0), SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 0)];

/// A client, and the addresses that it may ask.
pub(crate) struct Http {
    client: Client,
    addresses: AddressFilter,
}

impl fmt::Debug for Http {
    /// Without the client, which prints its default headers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

pub(crate) struct Document {
    pub(crate) headers: HeaderMap,
    /// `None` where it is the one that is known already.
    pub(crate) body: Option<Vec<u8>>,
}

impl Http {
    /// Takes the caller's client, or makes one.
    pub(crate) fn new(client: Option<Client>, addresses: AddressFilter) -> Result<Self, ConfigError> {
        let client = client.map_or_else(|| default_client(&addresses), Ok)?;
        Ok(Self { client, addresses })
    }

    /// Gets a document of at most 256 KiB, unless it is still the one by the entity tag `known`.
    pub(crate) async fn document(&self, url: Url, accept: &str, known: Option<&str>) -> Result<Document, FetchError> {
        self.addresses.check(&url).map_err(|refused| FetchError::new("the address is refused", refused))?;
        // A client of the caller's may have no time limit.
        let mut request = self.client.get(url.clone()).header(ACCEPT, accept).timeout(TIMEOUT);
        if let Some(etag) = known {
            request = request.header(IF_NONE_MATCH, etag);
        }
        let mut response =
            request.send().await.map_err(|error| FetchError::new("the request failed", error.without_url()))?;
        if known.is_some() && *response.url() == url && response.status() == StatusCode::NOT_MODIFIED {
            return Ok(Document { headers: response.headers().clone(), body: None });
        }
        // A client of the caller's may follow redirects; its answer then comes from elsewhere, and is not believed.
        if *response.url() != url || response.status().is_redirection() {
            return Err("the answer is a redirect: configure the address it leads to".into());
        }
        if response.status() != StatusCode::OK {
            let error = FetchError::new("the answer is not 200", response.status().to_string());
            return Err(retry_after(response.headers()).into_iter().fold(error, FetchError::retry_after));
        }
        // The media type of JSON is anything that people give files; but a page is for people.
        if header(response.headers(), CONTENT_TYPE).is_some_and(|media_type| media_type.starts_with("text/html")) {
            return Err("the answer is a web page: does a login or a proxy stand before the provider?".into());
        }
        if header(response.headers(), CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
            return Err("the answer is compressed, which was not asked for".into());
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
        Ok(Document { headers: response.headers().clone(), body: Some(body) })
    }
}

/// The client that is used unless the caller brings one.
///
/// It follows no redirect; asks for no compression, since what cannot be unpacked cannot explode; and takes no proxy from
/// the environment, which would see and could exchange what comes over http from loopback. `localhost` is loopback here,
/// whatever a resolver says, and no other name is, unless that is allowed.
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
