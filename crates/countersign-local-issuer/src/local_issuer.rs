//! A running OpenID provider on loopback, with a login page.

use crate::persona::Persona;
use crate::server_state::ServerState;
use crate::token;
use countersign_testing::{TestIssuer, TestToken};

/// A [`TestIssuer`] with a login page, for development without a provider. Dropping it stops the server.
///
/// It serves discovery and keys, and three more endpoints:
///
/// - `/authorize`: the authorization code flow with PKCE (S256 only). Its page asks the user to choose a [`Persona`].
/// - `/token`: the grant types `authorization_code` and `client_credentials`.
/// - `POST /rotate`: new signing keys.
///
/// Access tokens follow RFC 9068 and are signed with RS256. Their audience is the `resource` (RFC 8707) or `audience`
/// of the client's request. The scope `openid` adds an ID token.
///
/// # Security
///
/// There are no passwords and no registered clients. The issuer accepts every client id, and ignores client secrets.
/// Any program that can connect gets tokens of any persona. The issuer therefore listens on loopback only, redirects to
/// loopback only, and rejects cross-site requests of browsers. No API that others can reach may trust it.
///
/// # Example
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use countersign_core::Verifier;
/// use countersign_local_issuer::{LocalIssuer, Persona};
/// use countersign_providers::Oidc;
///
/// const API: &str = "https://api.example.com";
/// let issuer = LocalIssuer::builder(API)
///     .persona(Persona::new("alice").groups(["admin"]).scopes(["reports:read"]))
///     .persona(Persona::new("mallory"))
///     .start()
///     .await?;
/// let verifier = Verifier::builder().issuer(Oidc::issuer(issuer.url()).audience(API)).build().await?;
///
/// // A client sends its user to `/authorize`. This is the token that the client gets in the end.
/// let verified = verifier.verify(&issuer.token("alice").mint()).await?;
/// assert!(verified.principal().groups().contains("admin"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct LocalIssuer {
    issuer: TestIssuer,
    state: ServerState,
}

impl LocalIssuer {
    pub(crate) fn new(issuer: TestIssuer, state: ServerState) -> Self {
        Self { issuer, state }
    }

    /// The issuer's identifier, `http://127.0.0.1:PORT`: the `iss` of its tokens and the base of its discovery URL.
    pub fn url(&self) -> &str {
        self.issuer.url()
    }

    /// The default audience: the `aud` of tokens for clients that request no audience.
    pub fn audience(&self) -> &str {
        self.state.audience()
    }

    /// The personas that the login page offers.
    pub fn personas(&self) -> impl Iterator<Item = &Persona> {
        self.state.personas().iter().map(AsRef::as_ref)
    }

    /// Begins an access token of this persona, with all of its scopes and for the default audience. Use it to skip the
    /// login page.
    ///
    /// # Panics
    ///
    /// Panics if no persona has this name.
    pub fn token(&self, persona: &str) -> TestToken {
        match self.state.persona(persona) {
            Some(persona) => token::access_token_without_client(&self.state, &self.issuer.handle(), persona),
            None => panic!("the local issuer has no persona `{persona}`"),
        }
    }

    /// The underlying issuer. It rotates keys, fails on request, counts requests, and mints tokens for any subject.
    pub fn test_issuer(&self) -> &TestIssuer {
        &self.issuer
    }
}
