//! What a [`TestIssuer`](crate::TestIssuer) serves: discovery and keys, and what is wrong with them.

use crate::fault::{Fault, json};
use crate::signing_key::SigningKey;
use crate::test_token::TestToken;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::ListenerExt;
use countersign_core::Algorithm;
use serde_json::{Map, Value, json as value};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;

/// Published besides those that sign: ten rotations with three keys each.
const MAX_OLD_KEYS: usize = 30;

/// A provider's state, which requests read and tests change.
#[derive(Debug)]
pub(crate) struct ProviderState {
    url: String,
    /// What else its discovery document says.
    metadata: Map<String, Value>,
    changing: Mutex<Changing>,
    rotating: Mutex<()>,
    pub(crate) discovery: AtomicU64,
    pub(crate) keys: AtomicU64,
    pub(crate) unchanged: AtomicU64,
}

#[derive(Debug)]
pub(crate) struct Changing {
    /// The keys that sign.
    pub(crate) signing: Vec<SigningKey>,
    /// Published as well: the keys of tokens that are out there still.
    pub(crate) old: Vec<SigningKey>,
    /// Grows with each change of the published set.
    pub(crate) version: u64,
    pub(crate) lifetime: Option<Duration>,
    pub(crate) fault: Option<Fault>,
}

impl ProviderState {
    pub(crate) fn new(url: String, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        let signing = algorithms
            .into_iter()
            .enumerate()
            .map(|(index, algorithm)| SigningKey::generate(algorithm, format!("{algorithm}-{index}")))
            .collect();
        let changing = Changing { signing, old: Vec::new(), version: 0, lifetime: None, fault: None };
        Self {
            url,
            metadata: Map::new(),
            changing: Mutex::new(changing),
            rotating: Mutex::new(()),
            discovery: AtomicU64::new(0),
            keys: AtomicU64::new(0),
            unchanged: AtomicU64::new(0),
        }
    }

    pub(crate) fn with_metadata(mut self, metadata: Map<String, Value>) -> Self {
        self.metadata = metadata;
        self
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn token(&self, subject: &str) -> TestToken {
        TestToken::new(self.changing().signing.clone(), &self.url, subject)
    }

    /// Signs with new keys, and publishes the old ones too.
    pub(crate) fn rotate(&self) {
        self.replace_keys(
            |old, version| format!("{}-v{version}", old.algorithm()),
            |changing, old| {
                changing.old.extend(old);
                // Verifiers take no sets without end.
                let surplus = changing.old.len().saturating_sub(MAX_OLD_KEYS);
                changing.old.drain(..surplus);
            },
        );
    }

    /// Signs with new keys under the names of the old ones.
    pub(crate) fn rotate_in_place(&self) {
        self.replace_keys(|old, _| old.kid().to_owned(), |_, _| {});
    }

    fn replace_keys(&self, name: impl Fn(&SigningKey, u64) -> String, bury: impl Fn(&mut Changing, Vec<SigningKey>)) {
        // Two at once would give one name to two keys.
        let _alone = self.rotating.lock().unwrap_or_else(PoisonError::into_inner);
        let (old, version) = {
            let changing = self.changing();
            (changing.signing.clone(), changing.version + 1)
        };
        // RSA keys take their time, and the provider goes on answering.
        let new = old.iter().map(|old| SigningKey::generate(old.algorithm(), name(old, version))).collect();
        let mut changing = self.changing();
        changing.version += 1;
        let old = std::mem::replace(&mut changing.signing, new);
        bury(&mut changing, old);
    }

    /// Never held across an await.
    pub(crate) fn changing(&self) -> MutexGuard<'_, Changing> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Discovery and keys.
    pub(crate) fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .with_state(self)
    }

    pub(crate) async fn serve(self: Arc<Self>, listener: TcpListener, router: Router) {
        let state = self;
        let listener = listener.tap_io(move |connection| {
            if state.changing().fault == Some(Fault::Reset) {
                // A connection that is dropped is reset then.
                let _ = connection.set_zero_linger();
            }
        });
        let _ = axum::serve(listener, router).await;
    }

    fn metadata(&self) -> Value {
        let changing = self.changing();
        let algorithms: Vec<_> = changing.signing.iter().map(|key| key.algorithm().name()).collect();
        let (mut issuer, mut jwks_uri) = (self.url.clone(), format!("{}/jwks", self.url));
        match &changing.fault {
            Some(Fault::OtherIssuer) => issuer.push_str("/other"),
            Some(Fault::KeysAt(url)) => jwks_uri.clone_from(url),
            _ => {}
        }
        // RFC 8414 section 2. By itself it supports no grant: tokens are minted in process.
        let mut metadata = value!({
            "issuer": issuer,
            "jwks_uri": jwks_uri,
            "response_types_supported": [],
            "grant_types_supported": [],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": algorithms,
        });
        for (name, value) in &self.metadata {
            metadata[name] = value.clone();
        }
        metadata
    }
}

impl Changing {
    /// The set as published.
    pub(crate) fn jwks(&self) -> Value {
        let keys = self.signing.iter().chain(&self.old).map(SigningKey::jwk);
        match self.fault {
            Some(Fault::ManyKeys(count)) => {
                let keys: Vec<Value> = keys.collect();
                let named = |index: usize| {
                    let mut key = keys[index % keys.len()].clone();
                    key["kid"] = format!("key-{index}").into();
                    key
                };
                value!({ "keys": (0..count).map(named).collect::<Vec<_>>() })
            }
            Some(Fault::NoKeys) => value!({ "keys": [] }),
            _ => value!({ "keys": keys.collect::<Vec<_>>() }),
        }
    }
}

async fn discovery(State(state): State<Arc<ProviderState>>) -> Response {
    state.discovery.fetch_add(1, Ordering::SeqCst);
    answer(&state, state.metadata().to_string()).await
}

async fn jwks(State(state): State<Arc<ProviderState>>, headers: HeaderMap) -> Response {
    state.keys.fetch_add(1, Ordering::SeqCst);
    let (set, etag, lifetime, is_well) = {
        let changing = state.changing();
        (changing.jwks(), format!("\"{}\"", changing.version), changing.lifetime, changing.fault.is_none())
    };
    let mut response = if is_well && headers.get(header::IF_NONE_MATCH).is_some_and(|known| *known == *etag) {
        state.unchanged.fetch_add(1, Ordering::SeqCst);
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        answer(&state, set.to_string()).await
    };
    if is_well {
        let lifetime = lifetime.map(|lifetime| format!("max-age={}", lifetime.as_secs()));
        for (name, value) in [(header::ETAG, Some(etag)), (header::CACHE_CONTROL, lifetime)] {
            if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
                response.headers_mut().insert(name, value);
            }
        }
    }
    response
}

async fn answer(state: &ProviderState, good: String) -> Response {
    let fault = state.changing().fault.clone();
    let mut response = match fault {
        Some(fault) => fault.spoil(good).await,
        None => json(good),
    };
    // Each request has a connection of its own, so that a fault reaches the next one.
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_does_not_grow_without_end() {
        let provider = ProviderState::new("http://127.0.0.1:9400".to_owned(), [Algorithm::EdDSA]);
        for _ in 0..MAX_OLD_KEYS + 2 {
            provider.rotate();
        }
        let changing = provider.changing();
        assert_eq!(changing.old.len(), MAX_OLD_KEYS);
        assert_eq!(changing.old[MAX_OLD_KEYS - 1].kid(), format!("EdDSA-v{}", MAX_OLD_KEYS + 1));
    }
}
