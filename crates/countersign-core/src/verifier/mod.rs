//! The pipeline: one function from a token to its verdict.

pub(crate) mod attachment;
pub(crate) mod authorize;
pub(crate) mod builder;
pub(crate) mod claims_by_issuer;
pub(crate) mod token_cache;
#[cfg(feature = "dangerous-unsigned")]
mod unsigned;
pub(crate) mod validation;

use crate::clock::{Clock, UnixTime};
use crate::entitlements::cache::EntitlementsCache;
use crate::error::{TokenError, Unavailable, VerifyError};
use crate::json::Object;
use crate::keys::current_keys::CurrentKeys;
use crate::keys::jwk::VerificationKey;
use crate::keys::refresh_error::KeyRefreshError;
use crate::keys::remote::{MAX_ORDER_WAIT, Order};
use crate::keys::report::KeyReport;
use crate::policy::custom_rules::Rules;
use crate::policy::issuer::{AcceptedToken, TrustedIssuer};
use crate::policy::issuer_names;
use crate::revocation::Revocation;
use crate::revocation::list::{RevocationList, RevocationListFull};
use crate::token::header_cache::HeaderCache;
use crate::token::raw::{Header, RawToken};
use crate::verified::clock_skew::seconds_ahead;
use crate::verified::token::{Assertion, TokenIds, Verdict, VerifiedToken};
use crate::verifier::attachment::Attachment;
use crate::verifier::builder::{ClosedSet, VerifierBuilder};
use crate::verifier::claims_by_issuer::IntoIssuers;
use crate::verifier::token_cache::TokenCache;
use crate::verifier::validation::{Times, Validated, validate};
use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Verifies tokens. Cheap to clone: clones share their keys, and the last one to go ends the background work.
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
pub struct Verifier(Arc<Inner>, Attachment);

struct Inner {
    issuers: Vec<TrustedIssuer>,
    realm: Arc<str>,
    clock: Arc<dyn Clock>,
    headers: HeaderCache,
    cache: Option<Arc<TokenCache>>,
    revoked: RevocationList,
    /// Those that the application brought.
    revocations: Box<[Arc<dyn Revocation>]>,
    grants: Option<Arc<EntitlementsCache>>,
}

impl Verifier {
    /// Starts a configuration.
    pub fn builder() -> VerifierBuilder {
        VerifierBuilder::new()
    }

    /// Starts a configuration for a closed set of issuers, which [`claims_by_issuer!`](crate::claims_by_issuer) declares
    /// together with the claims of each.
    pub fn builder_for(issuers: impl IntoIssuers) -> VerifierBuilder<ClosedSet> {
        VerifierBuilder::for_issuers(issuers)
    }

    pub(crate) fn new(
        issuers: Vec<TrustedIssuer>,
        realm: String,
        clock: Arc<dyn Clock>,
        cache: Option<Arc<TokenCache>>,
        revoked: RevocationList,
        revocations: Box<[Arc<dyn Revocation>]>,
        grants: Option<Arc<EntitlementsCache>>,
    ) -> Self {
        let inner = Inner {
            issuers,
            realm: realm.into(),
            revoked,
            revocations,
            clock,
            headers: HeaderCache::default(),
            cache,
            grants,
        };
        Self(Arc::new(inner), Attachment::default())
    }

    pub(crate) fn attached(self, attachment: Attachment) -> Self {
        Self(self.0, attachment)
    }

    /// Verifies a token. It waits only when the token names a key that its issuer has not shown yet, and that once in a
    /// cool-down of 30 seconds for each issuer, and where a [rule](crate::Issuer::validate_async) of your own does.
    ///
    /// # Errors
    ///
    /// [`VerifyError::Token`] when the token is refused, [`VerifyError::Unavailable`] when no verdict is possible.
    pub async fn verify(&self, token: &str) -> Result<VerifiedToken, VerifyError> {
        let now = self.0.clock.now();
        match self.without_keys(token, now) {
            Some(verdict) => verdict,
            None => self.with_keys(token, now).await,
        }
    }

    /// The verdict on a token that is not known. Apart, so that those that are known do not carry it.
    async fn with_keys(&self, token: &str, now: UnixTime) -> Result<VerifiedToken, VerifyError> {
        let opened = self.open(token)?;
        let judged = {
            let unverified = self.unverified(&opened)?;
            match self.judge_now(&unverified, now)? {
                Some(judged) => judged,
                None => self.judge_waiting(&unverified).await?,
            }
        };
        let rules = &judged.issuer.policy.rules;
        let verified = self.assert(judged, opened.payload)?;
        if rules.wait() {
            self.ask(rules, &verified).await?;
        }
        Ok(self.admit(verified)?)
    }

    /// As [`verify`](Self::verify), where nothing can wait; `None` when the verdict must wait for a key or a rule.
    ///
    /// # Example
    ///
    /// ```
    /// use countersign_core::{VerifiedToken, Verifier};
    /// fn peek(verifier: &Verifier, token: &str) -> Option<VerifiedToken> {
    ///     verifier.verify_now(token)?.ok()
    /// }
    /// ```
    pub fn verify_now(&self, token: &str) -> Option<Result<VerifiedToken, VerifyError>> {
        let now = self.0.clock.now();
        self.without_keys(token, now).or_else(|| self.with_keys_at_hand(token, now).transpose())
    }

    /// The verdict on a token that is known, or that nobody had to sign.
    #[inline]
    fn without_keys(&self, token: &str, now: UnixTime) -> Option<Result<VerifiedToken, VerifyError>> {
        if let Some(known) = self.0.cache.as_ref().and_then(|cache| cache.get(token, now)) {
            return Some(if self.is_revoked(&known) { Err(TokenError::Revoked.into()) } else { Ok(known) });
        }
        #[cfg(feature = "dangerous-unsigned")]
        if let Some(verdict) = self.unsigned(token, now) {
            return Some(verdict.map_err(VerifyError::from));
        }
        None
    }

    /// The verdict on a token that is not known, unless it must wait.
    fn with_keys_at_hand(&self, token: &str, now: UnixTime) -> Result<Option<VerifiedToken>, VerifyError> {
        let opened = self.open(token)?;
        let judged = {
            let unverified = self.unverified(&opened)?;
            if unverified.issuer.policy.rules.wait() {
                return Ok(None);
            }
            match self.judge_now(&unverified, now)? {
                Some(judged) => judged,
                None => return Ok(None),
            }
        };
        let verified = self.assert(judged, opened.payload)?;
        Ok(Some(self.admit(verified)?))
    }

    /// Looks at the outside of a token.
    #[inline(always)]
    fn open<'a>(&self, token: &'a str) -> Result<Opened<'a>, TokenError> {
        // 1. the outside: size, three parts of strict base64url, a strict header
        let raw = RawToken::parse(token)?;
        let header = self.0.headers.read(&raw)?;
        let payload = text(raw.payload()?)?;
        Ok(Opened { raw, header, payload })
    }

    /// Finds the issuer that a token names, and checks what can be said without a key. The checks and their order are the same
    /// for one issuer and for several, so no token of a stranger is a reason to ask for keys.
    #[inline(always)]
    fn unverified<'v, 't>(&'v self, opened: &'t Opened<'_>) -> Result<Unverified<'v, 't>, TokenError> {
        let Opened { raw, header, payload } = opened;
        // 2. the issuer that the token names, and what it allows
        let claims = claims(payload)?;
        let issuer = self.issuer(&claims)?;
        if !issuer.policy.algorithms.contains(header.algorithm) {
            return Err(TokenError::AlgorithmNotAllowed);
        }
        check_type(&issuer.policy.accepted, header.typ.as_deref())?;
        Ok(Unverified { raw, header, claims, issuer })
    }

    /// Judges with the keys at hand; `None` when the token names a key that its issuer may have by now.
    #[inline(always)]
    fn judge_now<'v>(&self, token: &Unverified<'v, '_>, now: UnixTime) -> Result<Option<Judged<'v>>, VerifyError> {
        let keys = match token.issuer.keys.current() {
            Ok(keys) => keys,
            Err(unavailable) => {
                token.raw.check_signature_form()?; // what is no token never becomes one
                return Err(unavailable.into());
            }
        };
        match self.judge(token, &keys, now) {
            Err(TokenError::UnknownKey) if token.issuer.keys.can_be_refreshed() => Ok(None),
            judged => Ok(Some(judged?)),
        }
    }

    /// Judges with newer keys. A function of its own, so that tokens that need not wait do not carry what waiting takes.
    #[inline(never)]
    async fn judge_waiting<'v>(&self, token: &Unverified<'v, '_>) -> Result<Judged<'v>, VerifyError> {
        let keys = token.issuer.keys.refresh_for(token.header.kid.as_deref(), token.header.algorithm).await?;
        Ok(self.judge(token, &keys, self.0.clock.now())?)
    }

    /// Checks the signature, and then the claims.
    fn judge<'v>(
        &self,
        token: &Unverified<'v, '_>,
        keys: &CurrentKeys,
        now: UnixTime,
    ) -> Result<Judged<'v>, TokenError> {
        let Unverified { raw, header, claims, issuer } = token;
        // 3. the signature, under exactly one of the issuer's keys
        let key = match keys.set.select(header.kid.as_deref(), header.algorithm) {
            Ok(key) => key,
            Err(error) => {
                raw.check_signature_form()?;
                return Err(error);
            }
        };
        if !raw.with_signature(|signature| key.verify(header.algorithm, raw.signing_input, signature))? {
            return Err(TokenError::BadSignature);
        }
        self.0.headers.remember(raw, header);
        self.conclude(raw.text, claims, header.typ.as_deref(), issuer, (key, keys.valid_for), now)
    }

    /// What follows on a signature that verifies, under a key that is believed for so long.
    fn conclude<'v>(
        &self,
        token: &str,
        claims: &Object<'_>,
        typ: Option<&str>,
        issuer: &'v TrustedIssuer,
        (key, valid_for): (&Arc<VerificationKey>, Duration),
        now: UnixTime,
    ) -> Result<Judged<'v>, TokenError> {
        // 4. the claims, from here on the issuer's own words
        let Validated { issuer: iss, times: Times { expires, issued } } = validate(claims, typ, &issuer.policy, now)?;
        if !issuer.policy.names.owns(key.issuer(), &iss, claims) {
            return Err(TokenError::ForeignKey);
        }

        // 5. the principal
        let principal = issuer.policy.claim_map.principal(iss, &issuer.policy.label, claims)?;
        let marks = TokenIds::of(claims, issued);
        let lifetime = self.0.cache.as_ref().map_or(Duration::ZERO, |cache| cache.lifetime());
        let until = expires.saturating_add(issuer.policy.leeway).min(now.saturating_add(lifetime.min(valid_for)));
        let verdict = Verdict { key: Arc::clone(key), expires, since: now, until };
        match issued.map_or(0, |issued| seconds_ahead(issued, now)) {
            0 => {}
            seconds => issuer.provenance.see_ahead(seconds),
        }
        Ok(Judged {
            issuer,
            assertion: Assertion::new(token, principal, marks, verdict, Arc::clone(&issuer.provenance)),
        })
    }

    /// The proof, once the application's own rules are met as well; those that wait come after.
    #[inline(always)]
    fn assert(&self, judged: Judged<'_>, payload: String) -> Result<VerifiedToken, TokenError> {
        let Judged { issuer, assertion } = judged;
        let verified = VerifiedToken::assertion(assertion, payload);

        // 6. the application's own rules. What is revoked is refused for that, as it is when it is known already.
        let rules = &issuer.policy.rules;
        if !rules.is_empty() {
            if self.is_revoked(&verified) {
                return Err(TokenError::Revoked);
            }
            rules.check(&verified)?;
        }
        Ok(verified)
    }

    /// Asks the rules that wait.
    #[inline(never)]
    async fn ask(&self, rules: &Rules, verified: &VerifiedToken) -> Result<(), VerifyError> {
        rules.check_waiting(verified).await
    }

    /// The last word on a token that meets every rule; from here on it is known.
    fn admit(&self, verified: VerifiedToken) -> Result<VerifiedToken, TokenError> {
        if self.is_revoked(&verified) {
            return Err(TokenError::Revoked);
        }
        if let Some(cache) = &self.0.cache {
            cache.keep(&verified);
        }
        Ok(verified)
    }

    /// Asked each time that a token comes, known or not.
    fn is_revoked(&self, token: &VerifiedToken) -> bool {
        self.0.revoked.is_revoked(token) || self.0.revocations.iter().any(|revocation| revocation.is_revoked(token))
    }

    /// Refuses this token from now on, until it expires: after a logout, for instance.
    ///
    /// It is forgotten when the process ends, and no other process learns of it: where several serve one API, or a token
    /// lives longer than a process, keep lifetimes short or ask the provider to revoke.
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
    /// [`RevocationListFull`] when the [list](Self::revocations) has no place left: the token still counts.
    pub fn revoke(&self, token: &VerifiedToken) -> Result<(), RevocationListFull> {
        self.0.revoked.revoke(token)
    }

    /// What this verifier and its clones refuse beside what your own [`Revocation`](crate::Revocation)s do: the list that
    /// [`revoke`](Self::revoke) adds to. Sessions, subjects and token identifiers are revoked there.
    pub fn revocations(&self) -> &RevocationList {
        &self.0.revoked
    }

    /// Whether verified tokens are kept for when they come again; see
    /// [`VerifierBuilder::without_cache`](crate::VerifierBuilder::without_cache).
    pub fn has_token_cache(&self) -> bool {
        self.0.cache.is_some()
    }

    /// What a front end [attached](VerifierBuilder::attach), if it is a `T`.
    pub fn attachment<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.1.as_a()
    }

    /// The same verifier, with its keys, cache and revocations, and something else attached.
    ///
    /// # Example
    ///
    /// ```
    /// # use countersign_core::Verifier;
    /// # fn example(verifier: Verifier) {
    /// struct Setting(u8);
    ///
    /// let other = verifier.attach(Setting(7));
    /// assert_eq!(other.attachment().map(|Setting(value)| *value), Some(7));
    /// assert_eq!(other, verifier);
    /// # }
    /// ```
    #[must_use]
    pub fn attach<T: Any + Send + Sync>(&self, attachment: T) -> Self {
        Self(Arc::clone(&self.0), Attachment::new(attachment))
    }

    /// The clock that claims are validated by.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    /// The name that challenges give the API.
    pub fn realm(&self) -> &Arc<str> {
        &self.0.realm
    }

    /// Whether every issuer's keys are there, so that each token gets a verdict.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] with the time of the next attempt.
    pub fn ready(&self) -> Result<(), Unavailable> {
        self.0.issuers.iter().try_for_each(|issuer| issuer.keys.ready())
    }

    /// Resolves when every issuer's keys are there. It has no time limit of its own: wrap it in a timeout where a start
    /// must not wait for ever.
    ///
    /// # Example
    ///
    /// ```
    /// # use countersign_core::Verifier;
    /// # use std::time::Duration;
    /// # async fn example(verifier: Verifier) -> Result<(), Box<dyn std::error::Error>> {
    /// tokio::time::timeout(Duration::from_secs(30), verifier.wait_until_ready()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn wait_until_ready(&self) {
        for issuer in &self.0.issuers {
            issuer.keys.wait_until_ready().await;
        }
    }

    /// The keys of each issuer as they are now, how old they are and how often they were asked for, for diagnosis and
    /// metrics.
    pub fn keys(&self) -> impl Iterator<Item = KeyReport> {
        self.0.issuers.iter().map(|issuer| issuer.keys.report(&issuer.policy.iss))
    }

    /// Fetches the keys of every issuer now, and waits until that is done: for an incident, when a provider has removed a key
    /// and nobody wants to wait for the next refresh. Tokens under keys that are gone are refused from then on, those that are
    /// [kept](VerifierBuilder::cache_lifetime) too.
    ///
    /// All issuers are asked at once. Calls that come together share one attempt for each issuer; the attempt begins after the
    /// call. The wait ends after 10.25 seconds. Keys that are given in the configuration are not touched.
    ///
    /// # Example
    ///
    /// ```
    /// # use countersign_core::Verifier;
    /// # async fn example(verifier: Verifier) -> Result<(), Box<dyn std::error::Error>> {
    /// verifier.refresh_keys_now().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`KeyRefreshError`] names each issuer whose keys could not be fetched. Its last good keys stay in use, so a key that the
    /// provider has removed is still believed.
    ///
    /// # Security
    ///
    /// It honours no cool-down, so let an operator call it and no request: a route that anybody can reach would let anybody
    /// have the provider asked without a pause. Attempts are made one after the other all the same. It refreshes this process
    /// alone; call it in each that verifies tokens.
    pub async fn refresh_keys_now(&self) -> Result<(), KeyRefreshError> {
        let deadline = Instant::now() + MAX_ORDER_WAIT;
        let issuers = &self.0.issuers;
        // All are ordered before one is waited for. Those that share their keys share the order.
        let mut orders: Vec<Option<Result<Order, Arc<str>>>> = Vec::with_capacity(issuers.len());
        for issuer in issuers {
            let same = issuers.iter().take(orders.len()).position(|other| other.keys.share_with(&issuer.keys));
            orders.push(same.map_or_else(|| issuer.keys.order(), |same| orders[same].clone()));
        }
        let mut failures = Vec::new();
        for (issuer, order) in issuers.iter().zip(orders) {
            let outcome = match order {
                None => Ok(()),
                Some(Ok(order)) => order.outcome(deadline).await,
                Some(Err(over)) => Err(over),
            };
            if let Err(reason) = outcome {
                failures.push((Arc::clone(&issuer.policy.iss), reason));
            }
        }
        if failures.is_empty() { Ok(()) } else { Err(KeyRefreshError { failures }) }
    }

    pub(crate) fn entitlements(&self) -> Option<&Arc<EntitlementsCache>> {
        self.0.grants.as_ref()
    }

    /// The issuer that the token names. The name is not verified yet: it chooses the keys that decide.
    fn issuer(&self, claims: &Object<'_>) -> Result<&TrustedIssuer, TokenError> {
        let iss = issuer_names::named_by(claims)?;
        let mut names = self.0.issuers.iter().map(|issuer| &issuer.policy.names);
        match names.position(|names| names.accept(iss)) {
            Some(index) => Ok(&self.0.issuers[index]),
            // No key makes a tenant one that is allowed.
            None if self.0.issuers.iter().any(|issuer| issuer.policy.names.name_tenant(iss)) => {
                Err(TokenError::WrongTenant)
            }
            None => Err(TokenError::UnknownIssuer),
        }
    }
}

/// The payload as text.
fn text(payload: Vec<u8>) -> Result<String, TokenError> {
    String::from_utf8(payload).map_err(|_| TokenError::MalformedClaims)
}

/// Reads the claims: once for each token, whether or not it must wait.
fn claims(payload: &str) -> Result<Object<'_>, TokenError> {
    Object::parse(payload).map_err(|_| TokenError::MalformedClaims)
}

/// Whether the header's type is one of a kind that is accepted.
fn check_type(accepted: &[AcceptedToken], typ: Option<&str>) -> Result<(), TokenError> {
    if accepted.iter().any(|form| form.kind.accepts_type(typ)) { Ok(()) } else { Err(TokenError::TypeNotAccepted) }
}

/// A token of the right form.
struct Opened<'a> {
    raw: RawToken<'a>,
    header: Arc<Header>,
    payload: String,
}

/// A token from an issuer that is trusted, as it says itself.
struct Unverified<'v, 't> {
    raw: &'t RawToken<'t>,
    header: &'t Arc<Header>,
    claims: Object<'t>,
    issuer: &'v TrustedIssuer,
}

/// What a token that meets every rule of the pipeline says.
struct Judged<'v> {
    issuer: &'v TrustedIssuer,
    assertion: Assertion,
}

/// Clones of one verifier are equal; two that were built apart are not, whatever their configuration.
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
