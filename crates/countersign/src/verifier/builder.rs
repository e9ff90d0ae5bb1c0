//! Builds a [`Verifier`]: the core's settings, and those for HTTP.

use crate::rejection::data::Rejection;
use crate::source::Source;
use crate::verifier::Verifier;
use crate::verifier::http_config::HttpConfig;
use axum::response::IntoResponse;
use countersign_core::{Clock, ConfigError, EntitlementsProvider, IntoIssuer, OpenSet, Revocation};
use std::sync::Arc;
use std::time::Duration;

/// The configuration of a [`Verifier`]. Made by [`Verifier::builder`].
///
/// # Example
///
/// ```
/// use countersign::providers::Oidc;
/// use countersign::{ConfigError, Source, Verifier};
///
/// # async fn example() -> Result<(), ConfigError> {
/// let verifier = Verifier::builder()
///     .issuer(Oidc::issuer("https://idp.example.com").audience("https://api.example.com"))
///     .sources([Source::authorization(), Source::cookie("__session")])
///     .trusted_origins(["https://app.example.com"])
///     .build()
///     .await?;
/// # let _ = verifier;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until `.build().await`"]
pub struct VerifierBuilder<I = OpenSet> {
    tokens: countersign_core::VerifierBuilder<I>,
    /// The first invalid setting is reported by `build`.
    http: Result<HttpConfig, ConfigError>,
}

impl VerifierBuilder {
    /// Trusts an issuer. See [the core's method](countersign_core::VerifierBuilder::issuer).
    pub fn issuer(self, issuer: impl IntoIssuer) -> Self {
        self.map(|tokens| tokens.issuer(issuer))
    }
}

impl<I> VerifierBuilder<I> {
    pub(crate) fn new(tokens: countersign_core::VerifierBuilder<I>) -> Self {
        Self { tokens, http: Ok(HttpConfig::default()) }
    }

    /// Sets the places in a request that may hold a token, instead of `Authorization` alone. Exactly one of them may
    /// hold a token: a request with two is answered with 400.
    pub fn sources(self, sources: impl IntoIterator<Item = Source>) -> Self {
        Self { http: self.http.and_then(|http| http.sources(sources)), ..self }
    }

    /// Sets the origins whose pages may send a token in a cookie with requests that change something, such as
    /// `https://app.example.com` (without a path). The API's own origin is always trusted.
    ///
    /// # Security
    ///
    /// A script on one of these origins can act as any user who opens its page.
    pub fn trusted_origins<'o>(self, origins: impl IntoIterator<Item = &'o str>) -> Self {
        Self { http: self.http.and_then(|http| http.trusted_origins(origins)), ..self }
    }

    /// Sets the `realm` of challenges (RFC 7235 section 2.2): a name of the API that callers may see. The default is
    /// `api`.
    pub fn realm(self, realm: impl AsRef<str>) -> Self {
        Self { http: self.http.and_then(|http| http.realm(realm.as_ref())), ..self }
    }

    /// Sets the application's own answers to rejected requests, for extractors, guards, layers and upgrades.
    ///
    /// `WWW-Authenticate` and `Retry-After` are added if the answer has the rejection's status and lacks them. For the
    /// default answer return `rejection.clone().into_response()`.
    ///
    /// # Example
    ///
    /// ```
    /// use axum::Json;
    /// use countersign::{Rejection, Verifier};
    ///
    /// let builder = Verifier::builder().on_rejection(|rejection: &Rejection| {
    ///     let body = serde_json::json!({ "ok": false, "error": rejection.code() });
    ///     (rejection.status(), Json(body))
    /// });
    /// # let _ = builder;
    /// ```
    ///
    /// # Security
    ///
    /// The request stays rejected whatever the answer is: no handler runs. But clients take a 2xx for success. Do not
    /// tell clients more than the code.
    pub fn on_rejection<F, A>(self, respond: F) -> Self
    where
        F: Fn(&Rejection) -> A + Send + Sync + 'static,
        A: IntoResponse,
    {
        Self { http: self.http.map(|http| http.on_rejection(respond)), ..self }
    }

    /// Lets preflight requests without a token through all guards and [layers](crate::authenticated) of this verifier:
    /// `OPTIONS` with `Origin` and `Access-Control-Request-Method`, and without a body. By default they are rejected as
    /// any request without a token.
    ///
    /// A `CorsLayer` outside of the guard does not need this: it answers before the guard, and adds CORS headers to
    /// rejections. Guards of a `GuardedRouter` do not need it either.
    ///
    /// # Security
    ///
    /// Everybody can send such a request. A handler for `OPTIONS`, such as one of `any(..)`, then runs without a token,
    /// unless a `CorsLayer` answers in front of it.
    pub fn pass_preflight(self) -> Self {
        Self { http: self.http.map(HttpConfig::pass_preflight), ..self }
    }

    /// Sets the clock. See [the core's method](countersign_core::VerifierBuilder::clock).
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        self.map(|tokens| tokens.clock(clock))
    }

    /// Requires keys at the start. See [the core's method](countersign_core::VerifierBuilder::require_keys).
    pub fn require_keys(self) -> Self {
        self.map(countersign_core::VerifierBuilder::require_keys)
    }

    /// Sets the size of the token cache. See [the core's method](countersign_core::VerifierBuilder::cache_bytes).
    pub fn cache_bytes(self, bytes: usize) -> Self {
        self.map(|tokens| tokens.cache_bytes(bytes))
    }

    /// Sets the lifetime in the token cache. See [the core's
    /// method](countersign_core::VerifierBuilder::cache_lifetime).
    pub fn cache_lifetime(self, lifetime: Duration) -> Self {
        self.map(|tokens| tokens.cache_lifetime(lifetime))
    }

    /// Switches the token cache off. See [the core's method](countersign_core::VerifierBuilder::without_cache).
    pub fn without_cache(self) -> Self {
        self.map(countersign_core::VerifierBuilder::without_cache)
    }

    /// Adds a revocation check. See [the core's method](countersign_core::VerifierBuilder::revocation).
    pub fn revocation(self, revocation: impl Revocation) -> Self {
        self.map(|tokens| tokens.revocation(revocation))
    }

    /// Sets the capacity of the revocation list. See
    /// [the core's method](countersign_core::VerifierBuilder::revocation_entries).
    pub fn revocation_entries(self, entries: usize) -> Self {
        self.map(|tokens| tokens.revocation_entries(entries))
    }

    /// Adds groups, roles and permissions that are not in the token. See
    /// [the core's method](countersign_core::VerifierBuilder::entitlements).
    pub fn entitlements(self, provider: impl EntitlementsProvider) -> Self {
        self.map(|tokens| tokens.entitlements(provider))
    }

    /// Sets the lifetime of entitlements. See
    /// [the core's method](countersign_core::VerifierBuilder::entitlements_lifetime).
    pub fn entitlements_lifetime(self, lifetime: Duration) -> Self {
        self.map(|tokens| tokens.entitlements_lifetime(lifetime))
    }

    /// Sets the time limit of look-ups. See
    /// [the core's method](countersign_core::VerifierBuilder::entitlements_deadline).
    pub fn entitlements_deadline(self, deadline: Duration) -> Self {
        self.map(|tokens| tokens.entitlements_deadline(deadline))
    }

    /// Sets the size of the entitlements cache. See
    /// [the core's method](countersign_core::VerifierBuilder::entitlements_cache_bytes).
    pub fn entitlements_cache_bytes(self, bytes: usize) -> Self {
        self.map(|tokens| tokens.entitlements_cache_bytes(bytes))
    }

    /// Builds the verifier, and waits for the first attempt to fetch keys. See
    /// [the core's method](countersign_core::VerifierBuilder::build).
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for an invalid setting.
    pub async fn build(self) -> Result<Verifier, ConfigError> {
        let http = self.http?;
        Ok(Verifier::new(self.tokens.build().await?, http))
    }

    fn map(
        self,
        change: impl FnOnce(countersign_core::VerifierBuilder<I>) -> countersign_core::VerifierBuilder<I>,
    ) -> Self {
        Self { tokens: change(self.tokens), http: self.http }
    }
}
