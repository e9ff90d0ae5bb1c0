//! An OpenID provider on loopback, in process.

use crate::fault::Fault;
use crate::provider_server::ProviderState;
use crate::signing_key::SigningKey;
use crate::test_token::TestToken;
use axum::Router;
use countersign_core::Algorithm;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
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
    state: Arc<ProviderState>,
    server: AbortHandle,
}

/// How often a [`TestIssuer`] was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Requests {
    /// For its discovery document.
    pub discovery: u64,
    /// For its keys.
    pub keys: u64,
    /// For its keys, where the answer was that they had not changed (304).
    pub unchanged: u64,
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
        let state = Arc::new(ProviderState::new(format!("http://{address}"), algorithms));
        let router = Arc::clone(&state).router();
        Ok(Self::serve(state, listener, router))
    }

    /// Starts an issuer that serves this router.
    pub(crate) fn serve(state: Arc<ProviderState>, listener: TcpListener, router: Router) -> Self {
        let server = tokio::spawn(Arc::clone(&state).serve(listener, router)).abort_handle();
        Self { state, server }
    }

    /// The issuer's name, `http://127.0.0.1:PORT`: the `iss` of its tokens and the place of its discovery document.
    pub fn url(&self) -> &str {
        self.state.url()
    }

    /// A token for this subject, to be shaped and minted with the keys as they are now.
    pub fn token(&self, subject: &str) -> TestToken {
        self.state.token(subject)
    }

    /// The private keys that sign now, for tokens that no provider would make.
    pub fn keys(&self) -> Vec<SigningKey> {
        self.state.changing().signing.clone()
    }

    /// The published key set as it is now, to be used without network (`.jwks(..)`).
    pub fn jwks(&self) -> String {
        self.state.changing().jwks().to_string()
    }

    /// Signs with new keys from now on. The old ones stay published until [`retire`](Self::retire), as good providers
    /// do it, so that tokens which are out there stay good; the last 30 of them at the most.
    ///
    /// # Example
    ///
    /// ```
    /// # use countersign_core::Verifier;
    /// # use countersign_providers::Oidc;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// # use countersign_testing::TestIssuer;
    /// let issuer = TestIssuer::start().await?;
    /// let verifier = Verifier::builder().issuer(Oidc::issuer(issuer.url()).audience("api")).build().await?;
    /// let before = issuer.token("alice").audience("api").mint();
    ///
    /// issuer.rotate();
    /// let after = issuer.token("alice").audience("api").mint();
    /// assert!(verifier.verify(&before).await.is_ok());
    /// assert!(verifier.verify(&after).await.is_ok());
    /// assert_eq!(issuer.requests().keys, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub fn rotate(&self) {
        self.state.rotate();
    }

    /// Signs with new keys under the names of the old ones, which are gone: what no provider should do, and some do.
    pub fn rotate_in_place(&self) {
        self.state.rotate_in_place();
    }

    /// Publishes only the keys that sign now.
    pub fn retire(&self) {
        let mut changing = self.state.changing();
        changing.version += 1;
        changing.old.clear();
    }

    /// Sends its keys with this lifetime (`Cache-Control: max-age`), in whole seconds. It names none unless set.
    pub fn keys_fresh_for(&self, lifetime: Duration) {
        self.state.changing().lifetime = Some(lifetime);
    }

    /// Lets this go wrong with every answer, until [`heal`](Self::heal).
    pub fn inflict(&self, fault: Fault) {
        self.state.changing().fault = Some(fault);
    }

    /// Answers well again.
    pub fn heal(&self) {
        self.state.changing().fault = None;
    }

    /// How often it was asked so far.
    pub fn requests(&self) -> Requests {
        let [discovery, keys, unchanged] =
            [&self.state.discovery, &self.state.keys, &self.state.unchanged].map(|count| count.load(Ordering::SeqCst));
        Requests { discovery, keys, unchanged }
    }
}

impl Drop for TestIssuer {
    fn drop(&mut self) {
        self.server.abort();
    }
}
