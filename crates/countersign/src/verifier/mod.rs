//! The verifier of an Axum application: the core's verifier with the settings for HTTP.
//!
//! Extractors take it from the application's state. Nothing here looks at a request.

pub(crate) mod builder;
pub(crate) mod http_config;
pub(crate) mod state;
pub(crate) mod verifier_for;

use crate::rejection::data::Rejection;
use crate::source::Source;
use crate::verifier::builder::VerifierBuilder;
use crate::verifier::http_config::HttpConfig;
use axum::response::IntoResponse;
use countersign_core::{ClosedSet, ConfigError, IntoIssuers};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// Verifies the tokens of requests. Cheap to clone: clones share their keys, and the last one to go ends the background
/// work.
///
/// It dereferences to the [core's verifier](countersign_core::Verifier), which verifies tokens without HTTP, revokes
/// them and reports on keys. The settings for HTTP are in addition: [sources](VerifierBuilder::sources), [trusted
/// origins](VerifierBuilder::trusted_origins), [own answers](VerifierBuilder::on_rejection).
///
/// # Example
///
/// ```no_run
/// use axum::{Router, routing::get};
/// use countersign::providers::Oidc;
/// use countersign::{ConfigError, CurrentUser, Verifier};
///
/// async fn me(CurrentUser(claims): CurrentUser) -> String {
///     format!("hello {}", claims["sub"])
/// }
///
/// # async fn example() -> Result<Router, ConfigError> {
/// let verifier = Verifier::builder()
///     .issuer(Oidc::issuer("https://idp.example.com").audience("https://api.example.com"))
///     .build()
///     .await?;
/// Ok(Router::new().route("/me", get(me)).with_state(verifier))
/// # }
/// ```
#[derive(Clone)]
pub struct Verifier(Arc<Parts>);

/// One allocation for both, so that a clone counts once.
struct Parts {
    tokens: countersign_core::Verifier,
    http: HttpConfig,
}

impl Verifier {
    /// Starts a configuration.
    pub fn builder() -> VerifierBuilder {
        VerifierBuilder::new(countersign_core::Verifier::builder())
    }

    /// Starts a configuration for a closed set of issuers, which [`claims_by_issuer!`](crate::claims_by_issuer)
    /// declares together with the claims of each.
    pub fn builder_for(issuers: impl IntoIssuers) -> VerifierBuilder<ClosedSet> {
        VerifierBuilder::new(countersign_core::Verifier::builder_for(issuers))
    }

    pub(crate) fn new(tokens: countersign_core::Verifier, http: HttpConfig) -> Self {
        Self(Arc::new(Parts { tokens, http }))
    }

    pub(crate) fn http(&self) -> &HttpConfig {
        &self.0.http
    }

    /// Returns this verifier with other [sources](VerifierBuilder::sources), for one router. Keys, caches and
    /// revocations are shared.
    ///
    /// # Example
    ///
    /// ```
    /// use countersign::{ConfigError, Source, Verifier};
    ///
    /// fn for_browsers(verifier: &Verifier) -> Result<Verifier, ConfigError> {
    ///     verifier.sources([Source::authorization(), Source::cookie("__session")])
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidArgument`] for an invalid name, for no source, and for one that is given twice.
    pub fn sources(&self, sources: impl IntoIterator<Item = Source>) -> Result<Self, ConfigError> {
        self.http().clone().sources(sources).map(|http| self.with(http))
    }

    /// Returns this verifier with other [trusted origins](VerifierBuilder::trusted_origins), for one router.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidArgument`] for text that is not an origin.
    ///
    /// # Security
    ///
    /// A script on one of these origins can act as any user who opens its page.
    pub fn trusted_origins<'o>(&self, origins: impl IntoIterator<Item = &'o str>) -> Result<Self, ConfigError> {
        self.http().clone().trusted_origins(origins).map(|http| self.with(http))
    }

    /// Returns this verifier with another [realm](VerifierBuilder::realm), for one router.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidArgument`] for a realm that is not printable ASCII.
    pub fn realm(&self, realm: &str) -> Result<Self, ConfigError> {
        self.http().clone().realm(realm).map(|http| self.with(http))
    }

    /// Returns this verifier with other [answers](VerifierBuilder::on_rejection) to rejected requests, for one router.
    #[must_use]
    pub fn on_rejection<F, A>(&self, respond: F) -> Self
    where
        F: Fn(&Rejection) -> A + Send + Sync + 'static,
        A: IntoResponse,
    {
        self.with(self.http().clone().on_rejection(respond))
    }

    /// Returns this verifier with [preflight requests](VerifierBuilder::pass_preflight) let through, for one router.
    ///
    /// # Example
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use countersign::{Authenticated, GuardExt, Verifier};
    /// use tower_http::cors::CorsLayer;
    ///
    /// fn router(verifier: &Verifier) -> Router {
    ///     let router = Router::new().route("/me", get(|| async { "known" })).layer(CorsLayer::permissive());
    ///     router.guard::<Authenticated>(&verifier.pass_preflight())
    /// }
    /// ```
    #[must_use]
    pub fn pass_preflight(&self) -> Self {
        self.with(self.http().clone().pass_preflight())
    }

    fn with(&self, http: HttpConfig) -> Self {
        Self::new(self.0.tokens.clone(), http)
    }
}

impl Deref for Verifier {
    type Target = countersign_core::Verifier;

    fn deref(&self) -> &Self::Target {
        &self.0.tokens
    }
}

/// Uses the default settings for HTTP: a token is in `Authorization` only.
impl From<countersign_core::Verifier> for Verifier {
    fn from(tokens: countersign_core::Verifier) -> Self {
        Self::new(tokens, HttpConfig::default())
    }
}

/// Clones are equal, also with other settings for HTTP. Verifiers that were built separately are not.
impl PartialEq for Verifier {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Verifier {}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
