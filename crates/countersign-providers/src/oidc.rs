//! Any OpenID provider.

use crate::discovery::ProviderMetadata;
use crate::fetch::KeyLocation;
use crate::provider::{Preset, Profile, Provider, sealed};
use crate::transport::parse_issuer;
use countersign_core::{Algorithms, Audience, ClaimMap, ConfigError, FetchError, TokenKind};
use std::sync::Arc;

/// Any OpenID provider: keys by discovery, access tokens for a named audience.
///
/// # Example
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use countersign_core::Verifier;
/// use countersign_providers::Oidc;
///
/// let verifier = Verifier::builder()
///     .issuer(Oidc::issuer("https://idp.example.com").audience("https://api.example.com"))
///     .build()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Oidc {
    issuer: String,
    audiences: Vec<String>,
    kind: TokenKind,
}

impl Oidc {
    /// The provider whose tokens carry exactly this `iss`, and whose discovery document stands under it.
    ///
    /// A slash at the end counts: take the issuer over as the provider's discovery document writes it.
    pub fn issuer(issuer: impl Into<String>) -> Provider<Self> {
        Provider::new(Self { issuer: issuer.into(), audiences: Vec::new(), kind: TokenKind::access() })
    }
}

impl Provider<Oidc> {
    /// The API that tokens must be for: what the provider writes into `aud`. Call it again for further ones.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.preset.audiences.push(audience.into());
        self
    }

    /// The kind of token that is accepted: [`TokenKind::access`] unless set.
    pub fn kind(mut self, kind: TokenKind) -> Self {
        self.preset.kind = kind;
        self
    }
}

impl Provider<Oidc> {
    /// Asks the provider for its discovery document, once: to tell users where to log in, for instance. Keys are
    /// fetched without it.
    ///
    /// # Errors
    ///
    /// [`FetchError`] when the document cannot be had, or is another issuer's.
    pub async fn metadata(&self) -> Result<ProviderMetadata, FetchError> {
        let http = self.http().map_err(|error| FetchError::new("the HTTP client cannot be made", error))?;
        ProviderMetadata::fetch(&http, &self.preset.issuer).await
    }
}

impl sealed::Sealed for Oidc {}

impl Preset for Oidc {
    fn profile(self) -> Result<Profile, ConfigError> {
        if let Err(problem) = parse_issuer(&self.issuer) {
            return Err(ConfigError::InvalidIssuer { issuer: self.issuer, problem });
        }
        let iss: Arc<str> = self.issuer.into();
        Ok(Profile {
            keys: KeyLocation::Discovered { issuer: Arc::clone(&iss) },
            iss,
            audience: Audience::any_of(self.audiences),
            kind: self.kind,
            algorithms: Algorithms::default(),
            claim_map: ClaimMap::default(),
        })
    }
}
