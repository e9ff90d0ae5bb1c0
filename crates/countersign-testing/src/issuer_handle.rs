//! A handle on a running issuer, for the routes that it serves.

use crate::issuer_state::IssuerState;
use crate::test_token::TestToken;
use serde_json::Value;
use std::sync::Arc;

/// A handle on a [`TestIssuer`](crate::TestIssuer), to mint tokens and to rotate keys from its own routes or from
/// another task. Cheap to clone.
///
/// A handle does not keep the server running: only the [`TestIssuer`](crate::TestIssuer) does.
///
/// # Example
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use countersign_testing::TestIssuer;
///
/// let issuer = TestIssuer::start().await?;
/// let handle = issuer.handle();
/// let before = handle.key_ids();
/// // Generating RSA keys is slow: keep it off the threads of the runtime.
/// let after = tokio::task::spawn_blocking(move || {
///     handle.rotate();
///     handle.key_ids()
/// });
/// assert_ne!(before, after.await?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct IssuerHandle {
    state: Arc<IssuerState>,
}

impl IssuerHandle {
    pub(crate) fn new(state: Arc<IssuerState>) -> Self {
        Self { state }
    }

    pub(crate) fn state(&self) -> &IssuerState {
        &self.state
    }

    /// The issuer's identifier, `http://127.0.0.1:PORT`: the `iss` of its tokens and the base of its discovery URL.
    pub fn url(&self) -> &str {
        self.state.url()
    }

    /// Begins a token for this subject. [`TestToken::mint`] signs it with the keys of this moment.
    pub fn token(&self, subject: &str) -> TestToken {
        self.state.token(subject)
    }

    /// Signs with new keys from now on, as [`TestIssuer::rotate`](crate::TestIssuer::rotate) does.
    pub fn rotate(&self) {
        self.state.rotate();
    }

    /// Lists the key ids (`kid`) of the keys that sign, in the order of the issuer's algorithms.
    pub fn key_ids(&self) -> Vec<String> {
        self.state.data().signing_keys.iter().map(|key| key.kid().to_owned()).collect()
    }

    /// Sets a member of the discovery document, as [`TestIssuer::set_metadata`](crate::TestIssuer::set_metadata) does.
    pub fn set_metadata(&self, name: &str, value: impl Into<Value>) {
        self.state.data().metadata.insert(name.to_owned(), value.into());
    }
}
