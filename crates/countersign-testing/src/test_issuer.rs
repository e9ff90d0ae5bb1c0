//! An OpenID provider on loopback, in the test process.

use crate::fault::Fault;
use crate::issuer_handle::IssuerHandle;
use crate::signing_key::SigningKey;
use crate::test_token::TestToken;
use countersign_core::Algorithm;
use serde_json::Value;
use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::task::AbortHandle;

/// A local OpenID provider. It serves discovery and keys on loopback, and mints tokens for any subject. Dropping it
/// stops the server.
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
    handle: IssuerHandle,
    server: AbortHandle,
}

/// The number of requests that a [`TestIssuer`] has served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Requests {
    /// Requests for the discovery document.
    pub discovery: u64,
    /// Requests for the keys.
    pub keys: u64,
    /// Requests for the keys that were answered with 304, since the keys had not changed.
    pub unchanged: u64,
}

impl TestIssuer {
    /// Starts an issuer on a free port of 127.0.0.1, with keys for RS256, ES256 and EdDSA.
    ///
    /// # Errors
    ///
    /// An error if no port is free.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Starts an issuer on a free port of 127.0.0.1, with one key for each of these algorithms.
    ///
    /// # Errors
    ///
    /// An error if no port is free.
    pub async fn start_with(algorithms: impl IntoIterator<Item = Algorithm>) -> io::Result<Self> {
        Self::builder().algorithms(algorithms).start().await
    }

    pub(crate) fn new(handle: IssuerHandle, server: AbortHandle) -> Self {
        Self { handle, server }
    }

    /// A handle that can be cloned and moved into tasks and routes.
    pub fn handle(&self) -> IssuerHandle {
        self.handle.clone()
    }

    /// The issuer's identifier, `http://127.0.0.1:PORT`: the `iss` of its tokens and the base of its discovery URL.
    pub fn url(&self) -> &str {
        self.handle.url()
    }

    /// Begins a token for this subject. [`TestToken::mint`] signs it with the keys of this moment.
    pub fn token(&self, subject: &str) -> TestToken {
        self.handle.token(subject)
    }

    /// The private keys that sign now, for tokens that no provider would issue.
    pub fn keys(&self) -> Vec<SigningKey> {
        self.handle.state().data().signing_keys.clone()
    }

    /// The currently published key set, as text for `.jwks(..)`, which needs no network.
    pub fn jwks(&self) -> String {
        self.handle.state().data().jwks().to_string()
    }

    /// Signs with new keys from now on. The old keys stay published until [`retire`](Self::retire), so that earlier
    /// tokens stay valid. The issuer publishes the last 30 old keys.
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
        self.handle.rotate();
    }

    /// Signs with new keys under the key ids of the old ones, and withdraws the old ones. No provider should do this,
    /// and some do.
    pub fn rotate_in_place(&self) {
        self.handle.state().rotate_in_place();
    }

    /// Withdraws the old keys: only the keys that sign stay published.
    pub fn retire(&self) {
        let mut data = self.handle.state().data();
        data.keys_version += 1;
        data.old_keys.clear();
    }

    /// Sets the `Cache-Control: max-age` of the published keys, in whole seconds. Unless set, the header is absent.
    pub fn set_keys_max_age(&self, max_age: Duration) {
        self.handle.state().data().keys_max_age = Some(max_age);
    }

    /// Sets a member of the discovery document. It replaces a member of the same name.
    ///
    /// # Example
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// # use countersign_testing::TestIssuer;
    /// let issuer = TestIssuer::start().await?;
    /// issuer.set_metadata("end_session_endpoint", format!("{}/logout", issuer.url()));
    /// # Ok::<(), std::io::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn set_metadata(&self, name: &str, value: impl Into<Value>) {
        self.handle.set_metadata(name, value);
    }

    /// Damages every answer with this fault, until [`clear_fault`](Self::clear_fault).
    pub fn set_fault(&self, fault: Fault) {
        self.handle.state().data().fault = Some(fault);
    }

    /// Ends the fault: answers are good again.
    pub fn clear_fault(&self) {
        self.handle.state().data().fault = None;
    }

    /// Counts the requests served so far.
    pub fn requests(&self) -> Requests {
        let state = self.handle.state();
        let [discovery, keys, unchanged] =
            [&state.discovery_requests, &state.key_requests, &state.not_modified_answers]
                .map(|count| count.load(Ordering::SeqCst));
        Requests { discovery, keys, unchanged }
    }
}

impl Drop for TestIssuer {
    fn drop(&mut self) {
        self.server.abort();
    }
}
