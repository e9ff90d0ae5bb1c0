//! Builds a [`Verifier`], and refuses a configuration without a policy.

use crate::clock::{Clock, SystemClock};
use crate::entitlements::cache::{EntitlementsCache, EntitlementsLimits};
use crate::entitlements::provider::EntitlementsProvider;
use crate::error::ConfigError;
use crate::policy::issuer::{IntoIssuer, Issuer, TrustedIssuer};
use crate::revocation::Revocation;
use crate::revocation::list::{DEFAULT_ENTRIES, RevocationList};
use crate::verified::provenance::{Provenance, TokenScale};
use crate::verifier::Verifier;
use crate::verifier::claims_by_issuer::IntoIssuers;
use crate::verifier::token_cache::{CacheLimits, TokenCache};
use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// The configuration of a [`Verifier`].
///
/// # Example
///
/// ```
/// use countersign_core::{ConfigError, Verifier};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let refused = Verifier::builder().build().await;
/// assert!(matches!(refused, Err(ConfigError::NoIssuer)));
/// # });
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until `.build().await`"]
pub struct VerifierBuilder<I = OpenSet> {
    issuers: Vec<Result<Issuer, ConfigError>>,
    clock: Arc<dyn Clock>,
    demands_keys: bool,
    cache: Option<CacheLimits>,
    set: PhantomData<I>,
    revocations: Vec<AnyRevocation>,
    revocation_entries: usize,
    grants: Option<AnyEntitlements>,
    grants_limits: EntitlementsLimits,
}

/// A revocation check with its type erased.
struct AnyRevocation {
    revocation: Arc<dyn Revocation>,
    /// The same check, if it is one that Countersign provides.
    list: Option<RevocationList>,
}

impl fmt::Debug for AnyRevocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Revocation")
    }
}

/// A provider with its type erased.
struct AnyEntitlements(Arc<dyn EntitlementsProvider>);

impl fmt::Debug for AnyEntitlements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

/// Marks a builder whose issuers are added one by one.
#[derive(Clone, Copy, Debug)]
pub enum OpenSet {}

/// Marks a builder whose set of issuers was fixed at the start.
#[derive(Clone, Copy, Debug)]
pub enum ClosedSet {}

impl VerifierBuilder {
    pub(crate) fn new() -> Self {
        Self::with(Vec::new())
    }

    /// Trusts an issuer. With several issuers, the token's `iss` chooses one. Each issuer keeps its own keys and rules.
    pub fn issuer(mut self, issuer: impl IntoIssuer) -> Self {
        self.issuers.push(issuer.into_issuer());
        self
    }
}

impl VerifierBuilder<ClosedSet> {
    pub(crate) fn for_issuers(issuers: impl IntoIssuers) -> Self {
        let named = |(name, issuer): (&'static str, Result<Issuer, _>)| issuer.map(|issuer| issuer.named(name));
        Self::with(issuers.into_issuers().into_iter().map(named).collect())
    }
}

impl<I> VerifierBuilder<I> {
    fn with(issuers: Vec<Result<Issuer, ConfigError>>) -> Self {
        Self {
            issuers,
            clock: Arc::new(SystemClock),
            demands_keys: false,
            cache: Some(CacheLimits::default()),
            set: PhantomData,
            revocations: Vec::new(),
            revocation_entries: DEFAULT_ENTRIES,
            grants: None,
            grants_limits: EntitlementsLimits::default(),
        }
    }

    /// Sets the clock for the validation of claims. The default is the clock of the machine.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Makes [`build`](Self::build) fail if the first attempt to fetch an issuer's keys fails. By default a start
    /// succeeds even if the provider is down. The verifier then answers 503 until a later attempt succeeds.
    pub fn require_keys(mut self) -> Self {
        self.demands_keys = true;
        self
    }

    /// Sets the size of the cache of verified tokens, in bytes. The default is 64 MiB, enough for about 28 000 tokens
    /// of usual size. A size below 64 KiB means [no cache](Self::without_cache).
    pub fn cache_bytes(mut self, bytes: usize) -> Self {
        self.cache = Some(CacheLimits { bytes, ..self.cache.unwrap_or_default() });
        self
    }

    /// Sets the time for which a verified token is valid without being verified again. The default is 5 minutes. The
    /// time ends earlier if the token expires or its key is gone.
    ///
    /// # Security
    ///
    /// The cache hides no change that would otherwise be seen. Only three things can make a verified token invalid: the
    /// time, its key, and what you [revoke](Verifier::revoke). All three are checked on every request. A revocation at
    /// the provider does not change a token that was issued before, so it is not seen until the token expires, with or
    /// without a cache.
    pub fn cache_lifetime(mut self, lifetime: Duration) -> Self {
        self.cache = Some(CacheLimits { lifetime, ..self.cache.unwrap_or_default() });
        self
    }

    /// Turns the cache off: the token of every request is verified anew. Each request then costs one signature check,
    /// and no credential stays in memory after its request.
    pub fn without_cache(mut self) -> Self {
        self.cache = None;
        self
    }

    /// Adds a revocation check, in addition to the verifier's own [list](Verifier::revocations). It runs for each
    /// request. Several checks run one after the other.
    pub fn revocation(mut self, revocation: impl Revocation) -> Self {
        let list = (&revocation as &dyn Any).downcast_ref().cloned();
        self.revocations.push(AnyRevocation { revocation: Arc::new(revocation), list });
        self
    }

    /// Sets the maximum number of entries in the verifier's own list of [revocations](Verifier::revocations). An entry
    /// takes about 100 bytes. The default is 500 000. [`RevocationList`] describes what happens when the list is full.
    pub fn revocation_entries(mut self, entries: usize) -> Self {
        self.revocation_entries = entries;
        self
    }

    /// Adds a provider of groups, roles and permissions that are not in the token. If it is set twice, the last one is
    /// used.
    ///
    /// Entitlements are looked up only when they are needed: by the extractor `Principal`, by a guard that the token
    /// alone does not meet, and by a guard that is your own rule. `CurrentUser` and guards of scopes alone never cause
    /// a look-up. Simultaneous requests of one caller (issuer, subject and username) share one look-up, and its answer
    /// is reused for [a while](Self::entitlements_lifetime). If the look-up fails, all requests that wait for it are
    /// answered with 503.
    ///
    /// # Example
    ///
    /// ```
    /// use countersign_core::{CallerId, Entitlements, Verifier};
    /// use std::time::Duration;
    ///
    /// let builder = Verifier::builder()
    ///     .entitlements(|caller: CallerId| async move {
    ///         let is_admin = caller.subject() == "alice";
    ///         let groups: &[&str] = if is_admin { &["admin"] } else { &[] };
    ///         Ok(Entitlements::default().with_groups(groups.iter().copied()))
    ///     })
    ///     .entitlements_lifetime(Duration::from_secs(30));
    /// # let _ = builder;
    /// ```
    pub fn entitlements(mut self, provider: impl EntitlementsProvider) -> Self {
        self.grants = Some(AnyEntitlements(Arc::new(provider)));
        self
    }

    /// Sets the time for which looked-up entitlements are valid. The default is 60 seconds. A change at the provider
    /// takes effect within this time. With [`Duration::ZERO`] every request that needs entitlements starts a look-up,
    /// or shares one that is under way.
    pub fn entitlements_lifetime(mut self, lifetime: Duration) -> Self {
        self.grants_limits.lifetime = lifetime;
        self
    }

    /// Sets the time limit of a look-up of entitlements. The default is 2 seconds. A look-up that takes longer has
    /// failed.
    pub fn entitlements_deadline(mut self, deadline: Duration) -> Self {
        self.grants_limits.deadline = deadline;
        self
    }

    /// Sets the size of the cache of entitlements, in bytes. The default is 32 MiB, enough for about 10 000 callers
    /// with 50 entitlements each. A caller that is evicted is looked up again.
    pub fn entitlements_cache_bytes(mut self, bytes: usize) -> Self {
        self.grants_limits.bytes = bytes;
        self
    }

    /// Builds the verifier, and waits for the first attempt to fetch keys. If that attempt fails, the verifier is still
    /// built: it answers 503, and fetches again in the background until it has keys.
    ///
    /// Must run within a tokio runtime if an issuer's keys are fetched.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if there is no issuer, if an issuer has no audience, key or algorithm or is given twice, or if
    /// keys are [required](Self::require_keys) and cannot be fetched.
    pub async fn build(self) -> Result<Verifier, ConfigError> {
        if self.issuers.is_empty() {
            return Err(ConfigError::NoIssuer);
        }
        let mut trusted: Vec<TrustedIssuer> = Vec::with_capacity(self.issuers.len());
        for issuer in self.issuers {
            let issuer = issuer?.start()?;
            if trusted.iter().any(|other| other.policy.names.overlap(&issuer.policy.names)) {
                return Err(ConfigError::DuplicateIssuer(issuer.policy.iss.to_string()));
            }
            trusted.push(issuer);
        }
        // All attempts are already running, so waiting for one after the other takes only as long as the slowest.
        for issuer in &trusted {
            issuer.keys.started().await;
            let report = issuer.keys.report(&issuer.policy.iss);
            if self.demands_keys && report.set().is_none() {
                let reason = report.last_failure().unwrap_or("no answer yet").to_owned();
                return Err(ConfigError::NoKeys { issuer: issuer.policy.iss.to_string(), reason });
            }
        }
        let grants = self
            .grants
            .map(|provider| Arc::new(EntitlementsCache::new(provider.0, self.grants_limits, Arc::clone(&self.clock))));
        let cache = self.cache.and_then(TokenCache::new).map(Arc::new);
        for issuer in &mut trusted {
            let lists = self.revocations.iter().filter_map(|revocation| revocation.list.as_ref());
            let skews = lists.map(|list| list.skew(&issuer.policy.iss)).collect();
            let scale = cache.as_ref().map(|cache| Arc::downgrade(cache) as Weak<dyn TokenScale>);
            issuer.provenance = Arc::new(Provenance::new(scale, skews));
        }
        let revocations = self.revocations.into_iter().map(|revocation| revocation.revocation).collect();
        let revoked = RevocationList::bounded(Arc::clone(&self.clock), self.revocation_entries);
        Ok(Verifier::new(trusted, self.clock, cache, revoked, revocations, grants))
    }
}
