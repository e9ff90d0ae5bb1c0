//! The pipeline: one function from a token to its verdict.

use crate::attachment::Attachment;
use crate::builder::{TheseIssuers, VerifierBuilder};
use crate::claims_by_issuer::IntoIssuers;
use crate::clock::Clock;
use crate::clock_skew::seconds_ahead;
use crate::error::{TokenError, Unavailable, VerifyError};
use crate::grants_cache::GrantsCache;
use crate::header_memo::HeaderMemo;
use crate::issuer::{Form, TrustedIssuer};
use crate::json::{Json, Object};
use crate::jwk::VerificationKey;
use crate::key_report::KeyReport;
use crate::key_source::{CurrentKeys, KeySource};
use crate::revocation::Revocation;
use crate::revocation_list::{RevocationList, RevocationListFull};
use crate::token::{Header, RawToken};
use crate::token_cache::TokenCache;
use crate::unsigned;
use crate::validation::{Times, Validated, validate};
use crate::verified_token::{Marks, Verdict, VerifiedToken};
use serde::Deserialize;
use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

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
    accepts_unsigned: bool,
    realm: Arc<str>,
    clock: Arc<dyn Clock>,
    headers: HeaderMemo,
    cache: Option<Arc<TokenCache>>,
    revoked: RevocationList,
    /// Those that the application brought.
    revocations: Box<[Arc<dyn Revocation>]>,
    grants: Option<Arc<GrantsCache>>,
}

impl Verifier {
    /// Starts a configuration.
    pub fn builder() -> VerifierBuilder {
        VerifierBuilder::new()
    }

    /// Starts a configuration for a closed set of issuers, which [`claims_by_issuer!`](crate::claims_by_issuer) declares
    /// together with the claims of each.
    pub fn builder_for(issuers: impl IntoIssuers) -> VerifierBuilder<TheseIssuers> {
        VerifierBuilder::for_issuers(issuers)
    }

    pub(crate) fn new(
        issuers: Vec<TrustedIssuer>,
        realm: String,
        clock: Arc<dyn Clock>,
        cache: Option<Arc<TokenCache>>,
        revoked: RevocationList,
        revocations: Box<[Arc<dyn Revocation>]>,
        grants: Option<Arc<GrantsCache>>,
    ) -> Self {
        let inner = Inner {
            accepts_unsigned: issuers.iter().any(|issuer| matches!(issuer.keys, KeySource::Unsigned)),
            issuers,
            realm: realm.into(),
            revoked,
            revocations,
            clock,
            headers: HeaderMemo::default(),
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
        match self.verify_now(token) {
            Some(verdict) => verdict,
            None => self.verify_waiting(token).await,
        }
    }

    /// Apart, so that those who need not wait do not carry what waiting takes.
    #[inline(never)]
    async fn verify_waiting(&self, token: &str) -> Result<VerifiedToken, VerifyError> {
        let unverified = self.open(token)?;
        unverified.raw.with_signature(|_| ())?; // nobody waits for what is no token
        let Unverified { ref header, issuer, .. } = unverified;
        let (kid, algorithm) = (header.kid.as_deref(), header.algorithm);
        let mut keys = issuer.keys.current()?;
        if keys.set.select(kid, algorithm).err() == Some(TokenError::UnknownKey) {
            keys = issuer.keys.renewed(kid, algorithm).await?;
        }
        let verified = self.judge(unverified, &keys, self.0.clock.now())?;
        if issuer.policy.rules.wait() {
            // Before, so that a revoked token costs nobody a question, and once more after the wait.
            if self.is_revoked(&verified) {
                return Err(TokenError::Revoked.into());
            }
            issuer.policy.rules.check_waiting(&verified).await?;
        }
        Ok(self.admit(verified)?)
    }

    /// As [`verify`](Self::verify), where nothing can wait; `None` when the verdict must wait for a key or a rule.
    ///
    /// # Example
    ///
    /// ```
    /// # use countersign_core::{VerifiedToken, Verifier};
    /// fn peek(verifier: &Verifier, token: &str) -> Option<VerifiedToken> {
    ///     verifier.verify_now(token)?.ok()
    /// }
    /// ```
    pub fn verify_now(&self, token: &str) -> Option<Result<VerifiedToken, VerifyError>> {
        let now = self.0.clock.now();
        if let Some(known) = self.0.cache.as_ref().and_then(|cache| cache.get(token, now)) {
            return Some(if self.is_revoked(&known) { Err(TokenError::Revoked.into()) } else { Ok(known) });
        }
        if self.0.accepts_unsigned && token.ends_with('.') {
            return Some(self.believe(token, now).map_err(VerifyError::from));
        }
        let unverified = match self.open(token) {
            Ok(unverified) => unverified,
            Err(error) => return Some(Err(error.into())),
        };
        if unverified.issuer.policy.rules.wait() {
            return None;
        }
        let keys = match unverified.issuer.keys.current() {
            Ok(keys) => keys,
            Err(unavailable) => return Some(Err(unavailable.into())),
        };
        match self.judge(unverified, &keys, now) {
            Err(TokenError::UnknownKey) => None,
            verdict => Some(verdict.and_then(|verified| self.admit(verified)).map_err(VerifyError::from)),
        }
    }

    /// What can be said of a token without a key.
    fn open<'a>(&'a self, token: &'a str) -> Result<Unverified<'a>, TokenError> {
        // 1. the outside: size, three parts of strict base64url, a strict header
        let raw = RawToken::parse(token)?;
        let header = self.0.headers.read(&raw)?;
        let payload = raw.payload()?;

        // 2. the issuer that the token names, and what it allows
        let issuer = self.issuer(&payload)?;
        if !issuer.policy.algorithms.contains(header.algorithm) {
            return Err(TokenError::AlgorithmNotAllowed);
        }
        check_type(&issuer.policy.forms, header.typ.as_deref())?;
        Ok(Unverified { token, raw, header, payload, issuer })
    }

    /// Everything that can be said with the keys at hand.
    fn judge(
        &self,
        unverified: Unverified<'_>,
        keys: &CurrentKeys,
        now: Duration,
    ) -> Result<VerifiedToken, TokenError> {
        let Unverified { token, raw, header, payload, issuer } = unverified;

        // 3. the signature, under exactly one of the issuer's keys
        let key = keys.set.select(header.kid.as_deref(), header.algorithm)?;
        if !raw.with_signature(|signature| key.verify(header.algorithm, raw.signing_input, signature))? {
            return Err(TokenError::BadSignature);
        }
        self.0.headers.remember(&raw, &header);
        self.conclude(token, payload, header.typ.as_deref(), issuer, (key, keys.believed_for), now)
    }

    /// A token that nobody signed, from an issuer [whose tokens nobody signs](crate::DangerousIssuer::accept_unsigned_tokens).
    /// Rules that wait are not asked: there is nothing to protect.
    fn believe(&self, token: &str, now: Duration) -> Result<VerifiedToken, TokenError> {
        let payload = unsigned::payload(token)?;
        let issuer = self.issuer(&payload)?;
        if !matches!(issuer.keys, KeySource::Unsigned) {
            return Err(TokenError::AlgorithmNotAllowed);
        }
        let verified = self.conclude(token, payload, None, issuer, (&unsigned::no_key(), Duration::MAX), now)?;
        tracing::warn!(target: "countersign::danger", issuer = %issuer.policy.iss, "an unsigned token was believed");
        self.admit(verified)
    }

    /// What follows on a signature that verifies, under a key that is believed for so long.
    fn conclude(
        &self,
        token: &str,
        payload: Vec<u8>,
        typ: Option<&str>,
        issuer: &TrustedIssuer,
        (key, believed_for): (&Arc<VerificationKey>, Duration),
        now: Duration,
    ) -> Result<VerifiedToken, TokenError> {
        // 4. the claims, from here on the issuer's own words
        let payload = String::from_utf8(payload).map_err(|_| TokenError::MalformedClaims)?;
        let claims = Object::parse(&payload).map_err(|_| TokenError::MalformedClaims)?;
        let Validated { issuer: iss, times: Times { expires, issued } } = validate(&claims, typ, &issuer.policy, now)?;
        if !issuer.policy.names.owns(key.issuer(), &iss, &claims) {
            return Err(TokenError::ForeignKey);
        }

        // 5. the principal, and with it the proof
        let principal = issuer.policy.claim_map.principal(iss, &issuer.policy.label, &claims)?;
        let marks = Marks::of(&claims, issued);
        drop(claims);
        let lifetime = self.0.cache.as_ref().map_or(Duration::ZERO, |cache| cache.lifetime());
        let expired = expires.saturating_add(issuer.policy.leeway);
        let until = expired.min(now.saturating_add(lifetime.min(believed_for)));
        let verdict = Verdict { key: Arc::clone(key), expires, expired, since: now, until };
        let provenance = &issuer.provenance;
        match issued.map_or(0, |issued| seconds_ahead(issued, now)) {
            0 => {}
            seconds => provenance.see_ahead(seconds),
        }
        let verified = VerifiedToken::assertion(token, payload, principal, marks, verdict, Arc::clone(provenance));

        // 6. the application's own rules; those that wait come after
        issuer.policy.rules.check(&verified)?;
        Ok(verified)
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
    pub fn keeps_tokens(&self) -> bool {
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
    /// tokio::time::timeout(Duration::from_secs(30), verifier.until_ready()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn until_ready(&self) {
        for issuer in &self.0.issuers {
            issuer.keys.until_ready().await;
        }
    }

    /// The keys of each issuer as they are now, how old they are and how often they were asked for, for diagnosis and
    /// metrics.
    pub fn keys(&self) -> impl Iterator<Item = KeyReport> {
        self.0.issuers.iter().map(|issuer| issuer.keys.report(&issuer.policy.iss))
    }

    pub(crate) fn grants(&self) -> Option<&Arc<GrantsCache>> {
        self.0.grants.as_ref()
    }

    /// The only issuer, or the one that the token names. The name is not verified yet: it chooses the keys that
    /// decide, and validation looks at it again.
    fn issuer(&self, payload: &[u8]) -> Result<&TrustedIssuer, TokenError> {
        if let [only] = &self.0.issuers[..] {
            return Ok(only);
        }
        // Nothing but `iss` is read here, and everything once more after the signature.
        #[derive(Deserialize)]
        struct Named<'a> {
            #[serde(borrow)]
            iss: Option<Json<'a>>,
        }
        let Named { iss } = serde_json::from_slice(payload).map_err(|_| TokenError::MalformedClaims)?;
        let iss = iss.ok_or(TokenError::MissingClaim("iss"))?;
        let iss = iss.as_str().ok_or(TokenError::InvalidClaim("iss"))?;
        self.0.issuers.iter().find(|issuer| issuer.policy.names.accept(iss)).ok_or(TokenError::UnknownIssuer)
    }
}

/// Whether the header's type is one of a kind that is accepted.
fn check_type(forms: &[Form], typ: Option<&str>) -> Result<(), TokenError> {
    if forms.iter().any(|form| form.kind.accepts_type(typ)) { Ok(()) } else { Err(TokenError::TypeNotAccepted) }
}

/// A token of the right form from an issuer that is trusted, as it says itself.
struct Unverified<'a> {
    token: &'a str,
    raw: RawToken<'a>,
    header: Arc<Header>,
    payload: Vec<u8>,
    issuer: &'a TrustedIssuer,
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
