//! The verifier: its configuration, the pipeline from a token to a verdict, the cache of verified tokens, and
//! authorization.
//!
//! Rules about single claims are data in `policy/`.

pub(crate) mod authorize;
pub(crate) mod builder;
pub(crate) mod claims_by_issuer;
mod key_status;
pub(crate) mod pending;
mod pipeline;
pub(crate) mod token_cache;
#[cfg(feature = "dangerous-unsigned")]
mod unsigned;
pub(crate) mod validation;

use crate::clock::Clock;
use crate::entitlements::cache::EntitlementsCache;
use crate::policy::issuer::TrustedIssuer;
use crate::revocation::Revocation;
use crate::revocation::list::{RevocationList, RevocationListFull};
use crate::token::header_cache::HeaderCache;
use crate::verified::token::VerifiedToken;
use crate::verifier::builder::{ClosedSet, VerifierBuilder};
use crate::verifier::claims_by_issuer::IntoIssuers;
use crate::verifier::token_cache::TokenCache;
use std::fmt;
use std::sync::Arc;

/// Verifies tokens. Cheap to clone: clones share their keys. Dropping the last clone ends the background work.
///
/// # Example
///
/// ```
/// # use countersign_core::{Verifier, VerifyError};
/// # async fn example(verifier: Verifier, token: &str) {
/// match verifier.verify(token).await {
///     Ok(token) => println!("hello {}", token.principal().subject()),
///     Err(VerifyError::Token(reason)) => println!("401: {}", reason.code()),
///     Err(other) => println!("503: {other}"),
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct Verifier(Arc<Inner>);

struct Inner {
    issuers: Vec<TrustedIssuer>,
    clock: Arc<dyn Clock>,
    headers: HeaderCache,
    cache: Option<Arc<TokenCache>>,
    revoked: RevocationList,
    /// Revocation checks registered by the application.
    revocations: Box<[Arc<dyn Revocation>]>,
    grants: Option<Arc<EntitlementsCache>>,
}

impl Verifier {
    /// Starts a configuration.
    pub fn builder() -> VerifierBuilder {
        VerifierBuilder::new()
    }

    /// Starts a configuration for a closed set of issuers, which [`claims_by_issuer!`](crate::claims_by_issuer)
    /// declares together with the claims of each.
    pub fn builder_for(issuers: impl IntoIssuers) -> VerifierBuilder<ClosedSet> {
        VerifierBuilder::for_issuers(issuers)
    }

    pub(crate) fn new(
        issuers: Vec<TrustedIssuer>,
        clock: Arc<dyn Clock>,
        cache: Option<Arc<TokenCache>>,
        revoked: RevocationList,
        revocations: Box<[Arc<dyn Revocation>]>,
        grants: Option<Arc<EntitlementsCache>>,
    ) -> Self {
        let inner = Inner { issuers, revoked, revocations, clock, headers: HeaderCache::default(), cache, grants };
        Self(Arc::new(inner))
    }

    /// Checks revocation. It runs for each request, even if the token is in the cache.
    fn is_revoked(&self, token: &VerifiedToken) -> bool {
        self.0.revoked.is_revoked(token) || self.0.revocations.iter().any(|revocation| revocation.is_revoked(token))
    }

    /// Refuses this token from now on until it expires, for example after a logout.
    ///
    /// The revocation is lost when the process ends, and other processes do not see it. If several processes serve one
    /// API, or if tokens live longer than a process, use short lifetimes or ask the provider to revoke.
    ///
    /// # Example
    ///
    /// ```
    /// # use countersign_core::{Verifier, VerifyError};
    /// # async fn example(verifier: Verifier, token: &str) -> Result<(), Box<dyn std::error::Error>> {
    /// let token = verifier.verify(token).await?;
    /// verifier.revoke(&token)?;
    /// assert!(verifier.verify(token.raw()).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`RevocationListFull`] if the [list](Self::revocations) is full. The token then stays valid.
    pub fn revoke(&self, token: &VerifiedToken) -> Result<(), RevocationListFull> {
        self.0.revoked.revoke(token)
    }

    /// The verifier's own list of revocations. Clones share it, and [`revoke`](Self::revoke) adds to it. Use it to
    /// revoke sessions, subjects and token identifiers. Your own [`Revocation`](crate::Revocation)s are checked in
    /// addition.
    pub fn revocations(&self) -> &RevocationList {
        &self.0.revoked
    }

    /// True if verified tokens are cached; see
    /// [`VerifierBuilder::without_cache`](crate::VerifierBuilder::without_cache).
    pub fn has_token_cache(&self) -> bool {
        self.0.cache.is_some()
    }

    /// The clock that claims are validated with.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    pub(crate) fn entitlements(&self) -> Option<&Arc<EntitlementsCache>> {
        self.0.grants.as_ref()
    }
}

/// Clones of one verifier are equal. Two verifiers that were built separately are not, even with the same
/// configuration.
impl PartialEq for Verifier {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Verifier {}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let issuers: Vec<&str> = self.0.issuers.iter().map(|issuer| &*issuer.policy.iss).collect();
        f.debug_struct("Verifier").field("issuers", &issuers).finish_non_exhaustive()
    }
}
