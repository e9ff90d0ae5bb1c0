//! The pipeline: the steps from a token to a verdict, in order.

use crate::clock::UnixTime;
use crate::error::{TokenError, VerifyError};
use crate::json::Object;
use crate::keys::current_keys::CurrentKeys;
use crate::keys::jwk::VerificationKey;
use crate::policy::issuer::{AcceptedToken, TrustedIssuer};
use crate::policy::issuer_names;
use crate::token::raw::{Header, RawToken};
use crate::verified::clock_skew::seconds_ahead;
use crate::verified::token::{Assertion, TokenIds, Verdict, VerifiedToken};
use crate::verifier::Verifier;
use crate::verifier::pending::{ParsedClaims, Pending, PendingVerification, Reason, Verification};
use crate::verifier::validation::{Times, Validated, validate};
use std::sync::Arc;
use std::time::Duration;

/// A token split into its parts. Nothing in it is verified.
struct ParsedToken<'a> {
    raw: RawToken<'a>,
    header: Arc<Header>,
    payload: String,
}

/// A token with a verified signature and verified claims.
pub(super) struct ValidToken<'v> {
    pub(super) issuer: &'v TrustedIssuer,
    assertion: Assertion,
}

impl Verifier {
    /// Verifies a token. It waits in two cases only: the token names an unknown key, which causes at most one fetch in
    /// 30 seconds for each issuer, or an [asynchronous rule](crate::Issuer::validate_async) waits.
    ///
    /// # Errors
    ///
    /// [`VerifyError::Token`] if the token is refused, [`VerifyError::Unavailable`] if the token cannot be verified
    /// now.
    pub async fn verify(&self, token: &str) -> Result<VerifiedToken, VerifyError> {
        let now = self.0.clock.now();
        if let Some(verdict) = self.verify_known(token, now) {
            return verdict;
        }
        match self.begin_unknown(token, now)? {
            Verification::Done(verdict) => verdict,
            Verification::Pending(pending) => pending.wait().await,
        }
    }

    /// Verifies a token without waiting; `None` if the verdict must wait for a key or an asynchronous rule.
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
        match self.begin(token) {
            Verification::Done(verdict) => Some(verdict),
            Verification::Pending(_) => None,
        }
    }

    /// Verifies a token as far as possible without waiting. If a wait is necessary, the caller can do it later, without
    /// the request that brought the token.
    ///
    /// # Example
    ///
    /// ```
    /// use countersign_core::{Verification, VerifiedToken, Verifier, VerifyError};
    ///
    /// async fn verify(verifier: &Verifier, token: &str) -> Result<VerifiedToken, VerifyError> {
    ///     match verifier.begin(token) {
    ///         Verification::Done(verdict) => verdict,
    ///         Verification::Pending(pending) => pending.wait().await,
    ///     }
    /// }
    /// ```
    #[inline]
    pub fn begin(&self, token: &str) -> Verification {
        let now = self.0.clock.now();
        if let Some(verdict) = self.verify_known(token, now) {
            return Verification::Done(verdict);
        }
        self.begin_unknown(token, now).unwrap_or_else(|error| Verification::Done(Err(error)))
    }

    /// Returns the verdict on a token that is in the cache, or on an accepted unsigned token.
    #[inline]
    fn verify_known(&self, token: &str, now: UnixTime) -> Option<Result<VerifiedToken, VerifyError>> {
        if let Some(known) = self.0.cache.as_ref().and_then(|cache| cache.get(token, now)) {
            return Some(if self.is_revoked(&known) { Err(TokenError::Revoked.into()) } else { Ok(known) });
        }
        #[cfg(feature = "dangerous-unsigned")]
        if let Some(verdict) = self.unsigned(token, now) {
            return Some(verdict.map_err(VerifyError::from));
        }
        None
    }

    /// Verifies a token that is not in the cache. A separate function keeps the common path small.
    fn begin_unknown(&self, token: &str, now: UnixTime) -> Result<Verification, VerifyError> {
        let parsed = self.parse(token)?;
        let (issuer, outcome) = {
            let claims = claims(&parsed.payload)?;
            let issuer = self.accepting_issuer(&parsed.header, &claims)?;
            match self.verify_with_current_keys(&parsed, &claims, issuer, now)? {
                Some(valid) => (issuer, Ok(valid)),
                None => (issuer, Err(claims.into_owned())),
            }
        };
        let pending = |reason| {
            Verification::Pending(PendingVerification(Box::new(Pending { verifier: self.clone(), issuer, reason })))
        };
        let valid = match outcome {
            Ok(valid) => valid,
            Err(claims) => {
                let ParsedToken { raw, header, payload } = parsed;
                return Ok(pending(Reason::UnknownKey(ParsedClaims {
                    token: raw.text.into(),
                    header,
                    payload,
                    claims,
                })));
            }
        };
        let has_async_rules = valid.issuer.policy.rules.wait();
        let verified = self.check_custom_rules(valid, parsed.payload)?;
        if has_async_rules {
            return Ok(pending(Reason::AsyncRules(verified)));
        }
        Ok(Verification::Done(Ok(self.check_revoked_and_cache(verified)?)))
    }

    /// Step 1: the token's size, its three parts of strict base64url, and a strict header.
    #[inline(always)]
    fn parse<'a>(&self, token: &'a str) -> Result<ParsedToken<'a>, TokenError> {
        let raw = RawToken::parse(token)?;
        let header = self.0.headers.read(&raw)?;
        let payload = text(raw.payload()?)?;
        Ok(ParsedToken { raw, header, payload })
    }

    /// Step 2: the issuer that the token names, and the algorithms and types that this issuer allows. The checks and
    /// their order are the same for one issuer and for several. A token of an unknown issuer never causes a fetch of
    /// keys.
    #[inline(always)]
    fn accepting_issuer(&self, header: &Header, claims: &Object<'_>) -> Result<usize, TokenError> {
        let index = self.issuer_index(claims)?;
        let policy = &self.0.issuers[index].policy;
        if !policy.algorithms.contains(header.algorithm) {
            return Err(TokenError::AlgorithmNotAllowed);
        }
        check_type(&policy.accepted, header.typ.as_deref())?;
        Ok(index)
    }

    /// Steps 3 to 5 with the current keys; `None` if the token names an unknown key that the issuer may have published
    /// since.
    #[inline(always)]
    fn verify_with_current_keys(
        &self,
        parsed: &ParsedToken<'_>,
        claims: &Object<'_>,
        issuer: usize,
        now: UnixTime,
    ) -> Result<Option<ValidToken<'_>>, VerifyError> {
        let source = &self.0.issuers[issuer].keys;
        let keys = match source.current() {
            Ok(keys) => keys,
            Err(unavailable) => {
                parsed.raw.check_signature_form()?; // a malformed signature is refused without keys
                return Err(unavailable.into());
            }
        };
        match self.verify_with(&parsed.raw, &parsed.header, claims, issuer, &keys, now) {
            Err(TokenError::UnknownKey) if source.can_be_refreshed() => Ok(None),
            verdict => Ok(Some(verdict?)),
        }
    }

    /// Steps 3 to 5 with these keys.
    pub(super) fn verify_with(
        &self,
        raw: &RawToken<'_>,
        header: &Arc<Header>,
        claims: &Object<'_>,
        issuer: usize,
        keys: &CurrentKeys,
        now: UnixTime,
    ) -> Result<ValidToken<'_>, TokenError> {
        let key = self.verify_signature(raw, header, keys)?;
        let issuer = &self.0.issuers[issuer];
        self.validate_claims(raw.text, claims, header.typ.as_deref(), issuer, (key, keys.valid_for), now)
    }

    /// Step 3: the signature, verified with exactly one of the issuer's keys.
    #[inline(always)]
    fn verify_signature<'k>(
        &self,
        raw: &RawToken<'_>,
        header: &Arc<Header>,
        keys: &'k CurrentKeys,
    ) -> Result<&'k Arc<VerificationKey>, TokenError> {
        let key = match keys.set.select(header.kid.as_deref(), header.algorithm) {
            Ok(key) => key,
            Err(error) => {
                raw.check_signature_form()?; // a malformed signature is refused before anything waits for keys
                return Err(error);
            }
        };
        if !raw.with_signature(|signature| key.verify(header.algorithm, raw.signing_input, signature))? {
            return Err(TokenError::BadSignature);
        }
        self.0.headers.remember(raw, header);
        Ok(key)
    }

    /// Steps 4 and 5: the claims, which can be trusted to come from the issuer since the signature is verified, and the
    /// principal.
    pub(super) fn validate_claims<'v>(
        &self,
        token: &str,
        claims: &Object<'_>,
        typ: Option<&str>,
        issuer: &'v TrustedIssuer,
        (key, valid_for): (&Arc<VerificationKey>, Duration),
        now: UnixTime,
    ) -> Result<ValidToken<'v>, TokenError> {
        let Validated { issuer: iss, times: Times { expires, issued } } = validate(claims, typ, &issuer.policy, now)?;
        if !issuer.policy.names.owns(key.issuer(), &iss, claims) {
            return Err(TokenError::ForeignKey);
        }
        let principal = issuer.policy.claim_map.principal(iss, &issuer.policy.label, claims)?;
        let ids = TokenIds::of(claims, issued);
        let lifetime = self.0.cache.as_ref().map_or(Duration::ZERO, |cache| cache.lifetime());
        let until = expires.saturating_add(issuer.policy.leeway).min(now.saturating_add(lifetime.min(valid_for)));
        let verdict = Verdict { key: Arc::clone(key), expires, since: now, until };
        match issued.map_or(0, |issued| seconds_ahead(issued, now)) {
            0 => {}
            seconds => issuer.provenance.see_ahead(seconds),
        }
        let assertion = Assertion::new(token, principal, ids, verdict, Arc::clone(&issuer.provenance));
        Ok(ValidToken { issuer, assertion })
    }

    /// Step 6: the application's own synchronous rules. A revoked token is refused as revoked before the rules run, so
    /// the reason is the same as for a token in the cache.
    #[inline(always)]
    pub(super) fn check_custom_rules(
        &self,
        valid: ValidToken<'_>,
        payload: String,
    ) -> Result<VerifiedToken, TokenError> {
        let ValidToken { issuer, assertion } = valid;
        let verified = VerifiedToken::assertion(assertion, payload);
        let rules = &issuer.policy.rules;
        if !rules.is_empty() {
            if self.is_revoked(&verified) {
                return Err(TokenError::Revoked);
            }
            rules.check(&verified)?;
        }
        Ok(verified)
    }

    /// Step 7: checks revocation, then caches the token.
    pub(super) fn check_revoked_and_cache(&self, verified: VerifiedToken) -> Result<VerifiedToken, TokenError> {
        if self.is_revoked(&verified) {
            return Err(TokenError::Revoked);
        }
        if let Some(cache) = &self.0.cache {
            cache.keep(&verified);
        }
        Ok(verified)
    }

    /// Finds the issuer that the token names. The name is not verified yet: it only chooses the keys that verify the
    /// signature.
    pub(super) fn issuer_index(&self, claims: &Object<'_>) -> Result<usize, TokenError> {
        let iss = issuer_names::named_by(claims)?;
        let mut names = self.0.issuers.iter().map(|issuer| &issuer.policy.names);
        match names.position(|names| names.accept(iss)) {
            Some(index) => Ok(index),
            // A key does not make a tenant an allowed one.
            None if self.0.issuers.iter().any(|issuer| issuer.policy.names.name_tenant(iss)) => {
                Err(TokenError::WrongTenant)
            }
            None => Err(TokenError::UnknownIssuer),
        }
    }
}

/// The payload as text.
pub(super) fn text(payload: Vec<u8>) -> Result<String, TokenError> {
    String::from_utf8(payload).map_err(|_| TokenError::MalformedClaims)
}

/// Reads the claims.
pub(super) fn claims(payload: &str) -> Result<Object<'_>, TokenError> {
    Object::parse(payload).map_err(|_| TokenError::MalformedClaims)
}

/// Checks that one of the accepted kinds of token has this type.
fn check_type(accepted: &[AcceptedToken], typ: Option<&str>) -> Result<(), TokenError> {
    let is_accepted = accepted.iter().any(|accepted| accepted.kind.accepts_type(typ));
    if is_accepted { Ok(()) } else { Err(TokenError::TypeNotAccepted) }
}
