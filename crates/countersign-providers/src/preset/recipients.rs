//! The APIs and clients that tokens are for, which most presets take.

use crate::preset::provider::Provider;
use crate::preset::traits::{TakesAudience, TakesClientId};

/// The APIs and clients that tokens must be for. A preset decides which claims name them.
#[derive(Clone, Debug, Default)]
pub struct Recipients {
    pub(crate) audiences: Vec<String>,
    pub(crate) clients: Vec<String>,
}

impl<P: TakesAudience> Provider<P> {
    /// Accepts tokens for this API. The value is what the provider writes into `aud`: the API's identifier, its client
    /// id or the like. Call it again for further values. The documentation of the preset says more where its provider
    /// differs.
    ///
    /// # Example
    ///
    /// ```
    /// use countersign_providers::Auth0;
    ///
    /// let provider = Auth0::domain("acme.eu.auth0.com").audience("https://api.acme.example");
    /// # let _ = provider;
    /// ```
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.recipients.audiences.push(audience.into());
        self
    }
}

impl<P: TakesClientId> Provider<P> {
    /// Accepts ID tokens that were issued to this client, once `id_tokens()` asks for ID tokens. Call it again for
    /// further clients. The documentation of the preset says so where access tokens are bound to a client, too.
    ///
    /// # Example
    ///
    /// ```
    /// use countersign_providers::Cognito;
    ///
    /// let provider = Cognito::user_pool("eu-west-1", "eu-west-1_aBcDeFgHi").client_id("5f1exampleclient");
    /// # let _ = provider;
    /// ```
    pub fn client_id(mut self, client: impl Into<String>) -> Self {
        self.recipients.clients.push(client.into());
        self
    }
}
