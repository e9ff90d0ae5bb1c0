//! An issuer on loopback that counts its requests, and whose published keys can be replaced.

use axum::extract::State;
use axum::http::Uri;
use axum::{Router, routing::get};
use countersign_core::Algorithm;
use countersign_testing::{SigningKey, TestIssuer};
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// A [`TestIssuer`]'s keys at a separate address, which the verifiers use.
pub(crate) struct IdentityProvider {
    url: String,
    issuer: TestIssuer,
    keys: Vec<SigningKey>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    url: String,
    published: Mutex<String>,
    requests: AtomicUsize,
    fetches: AtomicUsize,
}

impl IdentityProvider {
    pub(crate) async fn start(algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        let issuer = TestIssuer::start_with(algorithms).await.expect("a free port");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("a bound socket"));
        let shared = Arc::new(Shared { url: url.clone(), ..Shared::default() });
        let router = Router::new().fallback(get(answer)).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, keys: issuer.keys(), issuer, shared }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn issuer(&self) -> &TestIssuer {
        &self.issuer
    }

    pub(crate) fn keys(&self) -> &[SigningKey] {
        &self.keys
    }

    /// Publishes this JWK set from now on.
    pub(crate) fn publish(&self, jwks: String) {
        *self.shared.published.lock().expect("no handler panics") = jwks;
    }

    pub(crate) fn published(&self) -> String {
        self.shared.published.lock().expect("no handler panics").clone()
    }

    /// The number of key fetches.
    pub(crate) fn fetches(&self) -> usize {
        self.shared.fetches.load(Ordering::SeqCst)
    }

    /// The number of requests.
    pub(crate) fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::SeqCst)
    }
}

async fn answer(State(shared): State<Arc<Shared>>, uri: Uri) -> String {
    shared.requests.fetch_add(1, Ordering::SeqCst);
    if uri.path() == "/.well-known/openid-configuration" {
        return json!({ "issuer": shared.url, "jwks_uri": format!("{}/jwks", shared.url) }).to_string();
    }
    shared.fetches.fetch_add(1, Ordering::SeqCst);
    shared.published.lock().expect("no handler panics").clone()
}
