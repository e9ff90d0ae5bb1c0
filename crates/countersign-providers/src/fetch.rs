//! Fetches documents over HTTP: status 200 only, no redirects, bounded in size and time.

use crate::discovery::ProviderMetadata;
use countersign_core::{BoxFuture, ConfigError, Fetch, FetchError, Fetched};
use reqwest::header::{ACCEPT, AGE, CACHE_CONTROL, DATE, ETAG, EXPIRES, HeaderMap, IF_NONE_MATCH};
use reqwest::{Client, StatusCode, redirect};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
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
    fn fetch(&self, known: Option<Arc<str>>) -> BoxFuture<'_, Result<Fetched, FetchError>> {
        Box::pin(async move {
            let url = match &self.keys {
                KeyLocation::At(url) => url.clone(),
                // Discovered anew each time, so that a provider may move its keys.
                KeyLocation::Discovered { issuer } => {
                    ProviderMetadata::fetch(&self.client, issuer).await?.jwks_uri()?
                }
            };
            let accept = "application/jwk-set+json, application/json";
            let document = document(&self.client, url, accept, known.as_deref()).await?;
            let mut fetched = document.body.map_or_else(Fetched::unchanged, Fetched::jwks);
            if let Some(lifetime) = lifetime(&document.headers) {
                fetched = fetched.fresh_for(lifetime);
            }
            if let Some(etag) = document.headers.get(ETAG).and_then(|etag| etag.to_str().ok()) {
                fetched = fetched.etag(etag);
            }
            Ok(fetched)
        })
    }
}

pub(crate) struct Document {
    pub(crate) headers: HeaderMap,
    /// `None` where it is the one that is known already.
    pub(crate) body: Option<Vec<u8>>,
}

/// Gets a document of at most 256 KiB, unless it is still the one by the entity tag `known`.
pub(crate) async fn document(
    client: &Client,
    url: Url,
    accept: &str,
    known: Option<&str>,
) -> Result<Document, FetchError> {
    // A client of the caller's may have no time limit.
    let mut request = client.get(url.clone()).header(ACCEPT, accept).timeout(TIMEOUT);
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
    Ok(Document { headers: response.headers().clone(), body: Some(body) })
}

/// How long an answer is fresh (RFC 9111 section 4.2.1): `max-age`, else `Expires`, which Google's older endpoints send;
/// zero for answers that must not be kept, so that the least lifetime counts.
fn lifetime(headers: &HeaderMap) -> Option<Duration> {
    max_age(headers).or_else(|| {
        let date = |name| headers.get(name).and_then(|value| httpdate::parse_http_date(value.to_str().ok()?).ok());
        headers.get(EXPIRES)?;
        // Section 5.3: a date that cannot be read, "0" above all, lies in the past.
        let Some(expires) = date(EXPIRES) else { return Some(Duration::ZERO) };
        let now = date(DATE).unwrap_or_else(SystemTime::now);
        Some(expires.duration_since(now).unwrap_or(Duration::ZERO))
    })
}

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

    #[test]
    fn expires_counts_where_there_is_no_max_age() {
        let date = "Sun, 22 Nov 2026 12:00:00 GMT";
        for (cache_control, expires, expected) in [
            ("private", "Sun, 22 Nov 2026 17:20:04 GMT", Some(19_204)),
            ("max-age=60", "Sun, 22 Nov 2026 17:20:04 GMT", Some(60)),
            ("private", "Sun, 22 Nov 2026 11:00:00 GMT", Some(0)),
            ("private", "0", Some(0)),
            ("private", "soon", Some(0)),
        ] {
            let headers = [(CACHE_CONTROL, cache_control), (EXPIRES, expires), (DATE, date)];
            let headers = HeaderMap::from_iter(headers.map(|(name, value)| (name, value.parse().unwrap())));
            assert_eq!(lifetime(&headers), expected.map(Duration::from_secs), "{cache_control} {expires}");
        }
        assert_eq!(lifetime(&HeaderMap::new()), None);
    }
}
