//! Fetches an issuer's keys over HTTP.

use crate::http::discovery::ProviderMetadata;
use crate::http::documents::{Http, date, header};
use crate::http::url_policy::{invalid_url, parse_url};
use crate::preset::key_location::{KeyLocation, discovery_url};
use countersign_core::{BoxFuture, ConfigError, FetchError, FetchJwks, FetchedJwks};
use reqwest::header::{AGE, CACHE_CONTROL, DATE, ETAG, EXPIRES, HeaderMap};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use url::Url;

/// Gets a JWK set, from a fixed URL or by OpenID discovery.
#[derive(Debug)]
pub(crate) struct HttpFetch {
    http: Http,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Discovered { issuer: Arc<str>, document: Url },
    At(Url),
}

impl HttpFetch {
    pub(crate) fn new(http: Http, iss: &str, location: &KeyLocation) -> Result<Self, ConfigError> {
        let parse = |url: &str| parse_url(url).map_err(|problem| invalid_url(url, problem));
        let place = match location {
            KeyLocation::At(url) => Place::At(parse(url)?),
            KeyLocation::Discovered { base } => {
                Place::Discovered { issuer: iss.into(), document: parse(&discovery_url(base))? }
            }
        };
        Ok(Self { http, place })
    }
}

impl FetchJwks for HttpFetch {
    fn fetch(&self, known: Option<Arc<str>>) -> BoxFuture<'_, Result<FetchedJwks, FetchError>> {
        Box::pin(async move {
            let url = match &self.place {
                Place::At(url) => url.clone(),
                // Discovered anew each time, so that a provider may move its keys.
                Place::Discovered { issuer, document } => {
                    ProviderMetadata::fetch(&self.http, document.clone(), issuer).await?.jwks_uri()?
                }
            };
            let accept = "application/jwk-set+json, application/json";
            // An entity tag says something about one address only (RFC 9110 section 8.8.3), and keys may move.
            let known = known.as_deref().and_then(|known| known.strip_prefix(url.as_str())?.strip_prefix(' '));
            let document = self.http.document(url.clone(), accept, known).await?;
            let mut fetched = document.body.map_or_else(FetchedJwks::unchanged, FetchedJwks::jwks);
            if let Some(lifetime) = lifetime(&document.headers) {
                fetched = fetched.fresh_for(lifetime);
            }
            if let Some(etag) = header(&document.headers, ETAG) {
                fetched = fetched.etag(format!("{url} {etag}"));
            }
            Ok(fetched)
        })
    }
}

/// How long an answer is fresh (RFC 9111 section 4.2.1): `max-age`, else `Expires`, which Google's older endpoints send;
/// zero for answers that must not be kept, so that the least lifetime counts.
fn lifetime(headers: &HeaderMap) -> Option<Duration> {
    max_age(headers).or_else(|| {
        headers.get(EXPIRES)?;
        // Section 5.3: a date that cannot be read, "0" above all, lies in the past.
        let Some(expires) = date(headers, EXPIRES) else { return Some(Duration::ZERO) };
        let now = date(headers, DATE).unwrap_or_else(SystemTime::now);
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
