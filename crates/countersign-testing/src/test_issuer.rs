//! An OpenID provider on loopback, in process.

use crate::signing_key::SigningKey;
use crate::test_token::TestToken;
use axum::routing::get;
use axum::{Json, Router};
use countersign_core::Algorithm;
use serde_json::{Value, json};
use std::io;
use std::sync::Arc;
use tokio::net::{TcpListener, ToSocketAddrs};
use tokio::task::AbortHandle;

/// A local OpenID provider: serves discovery and keys on loopback, and mints tokens for whom you name. Dropping it
/// ends it.
///
/// # Example
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use countersign_testing::TestIssuer;
///
/// let issuer = TestIssuer::start().await?;
/// let token = issuer.token("alice").audience("https://api.example.com").scopes(["reports:read"]).mint();
/// println!("curl -H 'Authorization: Bearer {token}' http://127.0.0.1:3000/me");
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct TestIssuer {
    url: String,
    keys: Arc<Vec<SigningKey>>,
    server: AbortHandle,
}

impl TestIssuer {
    /// Starts an issuer on a free port of 127.0.0.1, with keys for RS256, ES256 and EdDSA.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub async fn start() -> io::Result<Self> {
        Self::start_with([Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA]).await
    }

    /// Starts an issuer with a key for each of these algorithms.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub async fn start_with(algorithms: impl IntoIterator<Item = Algorithm>) -> io::Result<Self> {
        Self::bind("127.0.0.1:0", algorithms).await
    }

    /// Starts an issuer at an address of your choice.
    ///
    /// # Errors
    ///
    /// When the address cannot be had, or is not on loopback: whoever reaches this issuer's tokens is anybody.
    pub async fn bind(
        address: impl ToSocketAddrs,
        algorithms: impl IntoIterator<Item = Algorithm>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        if !address.ip().is_loopback() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a test issuer stays on loopback"));
        }
        let url = format!("http://{address}");
        let keys: Vec<SigningKey> = algorithms
            .into_iter()
            .enumerate()
            .map(|(index, algorithm)| SigningKey::generate(algorithm, format!("{algorithm}-{index}")))
            .collect();
        let keys = Arc::new(keys);
        let router = router(&url, Arc::clone(&keys));
        let server = tokio::spawn(async move { axum::serve(listener, router).await }).abort_handle();
        Ok(Self { url, keys, server })
    }

    /// The issuer's name, `http://127.0.0.1:PORT`: the `iss` of its tokens and the place of its discovery document.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A token for this subject, to be shaped and minted.
    pub fn token(&self, subject: &str) -> TestToken<'_> {
        TestToken::new(&self.keys, &self.url, subject)
    }

    /// The private keys, for tokens that no provider would make.
    pub fn keys(&self) -> &[SigningKey] {
        &self.keys
    }

    /// The published key set, to be used without network (`.jwks(..)`).
    pub fn jwks(&self) -> String {
        jwks(&self.keys).to_string()
    }
}

impl Drop for TestIssuer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn router(url: &str, keys: Arc<Vec<SigningKey>>) -> Router {
    // RFC 8414 section 2. No grant is supported, so there is no endpoint for one: tokens are minted in process.
    let metadata = json!({
        "issuer": url,
        "jwks_uri": format!("{url}/jwks"),
        "response_types_supported": [],
        "grant_types_supported": [],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": keys.iter().map(|key| key.algorithm().name()).collect::<Vec<_>>(),
    });
    Router::new()
        .route("/.well-known/openid-configuration", get(|| async { Json(metadata) }))
        .route("/jwks", get(|| async move { Json(jwks(&keys)) }))
}

fn jwks(keys: &[SigningKey]) -> Value {
    json!({ "keys": keys.iter().map(SigningKey::jwk).collect::<Vec<_>>() })
}
