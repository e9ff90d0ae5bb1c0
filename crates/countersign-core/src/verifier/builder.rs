//! Builds a [`Verifier`], and refuses to without a policy.

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

/// A revocation without regard to its type.
struct AnyRevocation {
    revocation: Arc<dyn Revocation>,
    /// The same, where it is one of ours.
    list: Option<RevocationList>,
}

impl fmt::Debug for AnyRevocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Revocation")
    }
}

/// A provider without regard to its type.
struct AnyEntitlements(Arc<dyn EntitlementsProvider>);

impl fmt::Debug for AnyEntitlements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

/// The issuers of a builder are added one by one.
#[derive(Clone, Copy, Debug)]
pub enum OpenSet {}

/// The issuers of a builder are those that it was begun with, and no others.
#[derive(Clone, Copy, Debug)]
pub enum ClosedSet {}

impl VerifierBuilder {
    pub(crate) fn new() -> Self {
        Self::with(Vec::new())
    }

    /// Trusts an issuer. Several are told apart by the token's `iss`, and each keeps its own keys and rules.
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

    /// Sets the clock for the validation of claims, the machine's unless set.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Lets [`build`](Self::build) fail when the first attempt to fetch an issuer's keys does. Unless set, a start with
    /// the provider down succeeds, answers 503 and heals itself.
    pub fn require_keys(mut self) -> Self {
        self.demands_keys = true;
        self
    }

    /// Sets the size of the cache of verified tokens, in bytes: 64 MiB unless set, enough for some 28 000 tokens of usual size. Less than 64 KiB is [no cache](Self::without_cache).
    pub fn cache_bytes(mut self, bytes: usize) -> Self {
        self.cache = Some(CacheLimits { bytes, ..self.cache.unwrap_or_default() });
        self
    }

    /// Sets the time for which a verified token is valid without being verified again, 5 minutes unless set. It ends with the
    /// token's own expiry, and when its key is gone.
    ///
    /// # Security
    ///
    /// Nothing that a token can be refused for changes in that time, but the time, its key, and what you
    /// [revoke](Verifier::revoke): all three are looked at whenever it comes. What a provider revokes is not in its tokens,
    /// so that it is seen neither with nor without a cache, only when they expire.
    pub fn cache_lifetime(mut self, lifetime: Duration) -> Self {
        self.cache = Some(CacheLimits { lifetime, ..self.cache.unwrap_or_default() });
        self
    }

    /// Verifies the token of every request anew. Each request costs the check of a signature, and no credential stays in memory
    /// after its request.
    pub fn without_cache(mut self) -> Self {
        self.cache = None;
        self
    }

    /// Adds a revocation check, in addition to the verifier's own [list](Verifier::revocations). It runs for each request. Several
    /// run one after the other.
    pub fn revocation(mut self, revocation: impl Revocation) -> Self {
        let list = (&revocation as &dyn Any).downcast_ref().cloned();
        self.revocations.push(AnyRevocation { revocation: Arc::new(revocation), list });
        self
    }

    /// Sets the maximum number of entries in the verifier's own list of [revocations](Verifier::revocations), of about 100 bytes each:
    /// 500 000 unless set. See [`RevocationList`] for what happens when it is full.
    pub fn revocation_entries(mut self, entries: usize) -> Self {
        self.revocation_entries = entries;
        self
    }

    /// Adds groups, roles and permissions that are not in the token. Set it again and the last one counts.
    ///
    /// They are looked up only when a guard or handler asks for them: a guard that the token does not meet by itself, or
    /// that is a rule of your own; the extractor `Principal`. `CurrentUser`, and guards of scopes alone, never do. All
    /// requests of one caller (issuer, subject and username) that ask at a time share one look-up, and its answer serves
    /// for [a while](Self::entitlements_lifetime). When it fails, whoever asked is answered with 503.
    ///
    /// # Example
    ///
    /// ```
    /// use countersign_core::{Entitlements, NameSet, CallerId, Verifier};
    /// use std::time::Duration;
    ///
    /// let builder = Verifier::builder()
    ///     .entitlements(|caller: CallerId| async move {
    ///         let is_admin = caller.subject() == "alice";
    ///         let groups = if is_admin { NameSet::from_iter(["admin"]) } else { NameSet::default() };
    ///         Ok(Entitlements { groups, ..Entitlements::default() })
    ///     })
    ///     .entitlements_lifetime(Duration::from_secs(30));
    /// # let _ = builder;
    /// ```
    pub fn entitlements(mut self, provider: impl EntitlementsProvider) -> Self {
        self.grants = Some(AnyEntitlements(Arc::new(provider)));
        self
    }

    /// Sets the time for which looked-up entitlements are valid, 60 seconds unless set. A change at the provider takes effect
    /// within this time. With [`Duration::ZERO`] every request that needs grants asks anew, or shares a
    /// look-up that is under way.
    pub fn entitlements_lifetime(mut self, lifetime: Duration) -> Self {
        self.grants_limits.lifetime = lifetime;
        self
    }

    /// Sets the deadline of a look-up of entitlements, 2 seconds unless set. After it the look-up has failed.
    pub fn entitlements_deadline(mut self, deadline: Duration) -> Self {
        self.grants_limits.deadline = deadline;
        self
    }

    /// Sets the size of the cache of entitlements, in bytes: 32 MiB unless set, enough for some 10 000 callers with 50
    /// grants each. Whoever is pushed out is looked up again.
    pub fn entitlements_cache_bytes(mut self, bytes: usize) -> Self {
        self.grants_limits.bytes = bytes;
        self
    }

    /// Builds the verifier, and waits for the first attempt to fetch keys. When that fails the verifier is built all
    /// the same: it gives no verdict (503), and tries again in the background until it can.
    ///
    /// Must run within a tokio runtime when an issuer's keys are fetched.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when there is no issuer, an issuer without audience, key or algorithm, or one given twice; when keys
    /// are [demanded](Self::require_keys) and cannot be had.
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
        // All attempts are under way; waiting for one after the other takes as long as the slowest.
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
