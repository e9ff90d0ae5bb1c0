//! What a [`TestIssuer`](crate::TestIssuer) serves: discovery and keys, and what is wrong with them.

use crate::fault::{Fault, json};
use crate::signing_key::SigningKey;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::ListenerExt;
use countersign_core::Algorithm;
use serde_json::{Value, json as value};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;

/// A provider's state, which requests read and tests change.
#[derive(Debug)]
pub(crate) struct ProviderState {
    url: String,
    changing: Mutex<Changing>,
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
            changing: Mutex::new(changing),
            discovery: AtomicU64::new(0),
            keys: AtomicU64::new(0),
            unchanged: AtomicU64::new(0),
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Never held across an await.
    pub(crate) fn changing(&self) -> MutexGuard<'_, Changing> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn serve(self: Arc<Self>, listener: TcpListener) {
        let state = Arc::clone(&self);
        let listener = listener.tap_io(move |connection| {
            if state.changing().fault == Some(Fault::Reset) {
                // A connection that is dropped is reset then.
                let _ = connection.set_zero_linger();
            }
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .with_state(self);
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
        // RFC 8414 section 2. No grant is supported, so there is no endpoint for one: tokens are minted in process.
        value!({
            "issuer": issuer,
            "jwks_uri": jwks_uri,
            "response_types_supported": [],
            "grant_types_supported": [],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": algorithms,
        })
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
