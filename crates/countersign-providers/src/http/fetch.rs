//! Fetches an issuer's keys over HTTP.

use crate::http::discovery::ProviderMetadata;
use crate::http::documents::Http;
use crate::http::headers::{header, lifetime};
use crate::http::url_policy::{invalid_url, parse_url};
use crate::preset::key_location::{KeyLocation, discovery_url};
use countersign_core::{BoxFuture, ConfigError, FetchError, FetchJwks, FetchedJwks};
use reqwest::header::ETAG;
use std::sync::Arc;
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
                // Discovery is repeated each time, so a provider can move its keys.
                Place::Discovered { issuer, document } => {
                    ProviderMetadata::fetch(&self.http, document.clone(), issuer).await?.jwks_uri()?
                }
            };
            let accept = "application/jwk-set+json, application/json";
            // An entity tag is valid for one URL only (RFC 9110 section 8.8.3), and keys may move.
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
