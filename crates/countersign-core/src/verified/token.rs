//! The proof that a token was verified. It is constructed in one place: `verifier.rs`.

use crate::error::TokenError;
use crate::json::{Json, Object};
use crate::keys::jwk::VerificationKey;
use crate::principal::Principal;
use crate::revocation::place::RevocationPlaces;
use crate::scale::{COUNTERS, block};
use crate::verified::granted::Merged;
use crate::verified::provenance::Provenance;
use crate::verified::typed_claims::TypedClaims;
use crate::verified::weighing;
use crate::verifier::claims_by_issuer::TokenClaims;
use arc_swap::ArcSwap;
use serde::de::DeserializeOwned;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// A token whose signature and claims were checked. Cheap to clone.
///
/// # Example
///
/// ```
/// # use countersign_core::{TokenError, VerifiedToken};
/// #[derive(serde::Deserialize)]
/// struct Staff { department: String }
///
/// fn department(token: &VerifiedToken) -> Result<String, TokenError> {
///     Ok(token.claims::<Staff>()?.department.clone())
/// }
/// ```
#[derive(Clone)]
pub struct VerifiedToken(Arc<Inner>);

/// Claims of a type that is not measured are charged with so many bytes for each one of their text.
const UNSEEN_FACTOR: usize = 8;
/// Readers of a swap hold the value before for a moment.
const SWAP: usize = 64;

struct Inner {
    raw: Box<str>,
    payload: String,
    principal: Principal,
    marks: TokenIds,
    verdict: Verdict,
    typed: TypedClaims,
    provenance: Arc<Provenance>,
    revocation_places: OnceLock<Box<RevocationPlaces>>,
    /// The principal with grants from outside of the token, for as long as those may be relied upon.
    /// Most verifiers grant nothing beside the token, and do not pay for the swap.
    merged: OnceLock<ArcSwap<Merged>>,
}

/// A proof that lacks the text of the claims, which they still borrow from while it is made. It is made in its final place,
/// since it is large.
pub(crate) struct Assertion(Arc<Inner>);

impl Assertion {
    pub(crate) fn new(
        raw: &str,
        principal: Principal,
        marks: TokenIds,
        verdict: Verdict,
        provenance: Arc<Provenance>,
    ) -> Self {
        Self(Arc::new(Inner {
            raw: raw.into(),
            payload: String::new(),
            principal,
            marks,
            verdict,
            typed: TypedClaims::default(),
            provenance,
            revocation_places: OnceLock::new(),
            merged: OnceLock::new(),
        }))
    }
}

/// What a token can be revoked by, beside its subject.
#[derive(Default)]
pub(crate) struct TokenIds {
    id: Option<Box<str>>,
    session: Option<Box<str>>,
    issued: Option<Duration>,
}

impl TokenIds {
    /// A `jti` or `sid` that is no text names nothing.
    pub(crate) fn of(claims: &Object<'_>, issued: Option<Duration>) -> Self {
        let text = |claim| claims.get(claim).and_then(Json::as_str).map(Box::from);
        Self { id: text("jti"), session: text("sid"), issued }
    }
}

/// What the verification rests on, and how long it may be relied upon without another one.
pub(crate) struct Verdict {
    /// The key that verified the signature.
    pub(crate) key: Arc<VerificationKey>,
    /// `exp`, without the leeway.
    pub(crate) expires: Duration,
    pub(crate) since: Duration,
    pub(crate) until: Duration,
}

impl VerifiedToken {
    /// Greppable: the only caller is the end of the pipeline, after every check.
    pub(crate) fn assertion(assertion: Assertion, payload: String) -> Self {
        let Assertion(mut inner) = assertion;
        // Nobody else has it yet. Without the text no claims type fits.
        if let Some(inner) = Arc::get_mut(&mut inner) {
            inner.payload = payload;
        }
        Self(inner)
    }

    /// Whether the verdict may still be relied upon. A clock that was set back asks for another one.
    pub(crate) fn is_valid_at(&self, now: Duration) -> bool {
        let verdict = &self.0.verdict;
        (verdict.since..verdict.until).contains(&now) && !verdict.key.is_retired()
    }

    /// What the issuer signed: header, dot, payload, as they came.
    pub(crate) fn signed(&self) -> &str {
        self.raw().rsplit_once('.').map_or(self.raw(), |(signed, _)| signed)
    }

    pub(crate) fn provenance(&self) -> &Provenance {
        &self.0.provenance
    }

    /// The places where revocations of the token would be.
    pub(crate) fn revocation_places(&self) -> &RevocationPlaces {
        let places = &self.0.revocation_places;
        if let Some(places) = places.get() {
            return places;
        }
        let made = Box::new(RevocationPlaces::of(self));
        let made = places.get_or_init(|| made);
        self.0.provenance.weigh(self);
        made
    }

    /// The principal with grants from outside of the token, as it was merged last.
    pub(crate) fn merged(&self) -> Option<Arc<Merged>> {
        Some(self.0.merged.get()?.load_full())
    }

    pub(crate) fn keep_merged(&self, merged: Arc<Merged>) {
        self.0.merged.get_or_init(|| ArcSwap::new(Arc::clone(&merged))).store(merged);
        self.0.provenance.weigh(self);
    }

    /// Whether the two are one, and not merely alike.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// What it takes of memory now, with what was made of it.
    pub(crate) fn bytes(&self) -> usize {
        let inner = &*self.0;
        let merged = inner.merged.get().map_or(0, |merged| SWAP + merged.load().bytes());
        let marks = [&inner.marks.id, &inner.marks.session].into_iter().flatten().map(|mark| block(mark.len()));
        block(size_of::<Inner>() + COUNTERS)
            + marks.sum::<usize>()
            + inner.revocation_places.get().map_or(0, |_| block(size_of::<RevocationPlaces>()))
            + block(inner.raw.len())
            + block(inner.payload.capacity())
            + inner.principal.bytes()
            + inner.typed.bytes()
            + merged
    }

    /// Who calls.
    pub fn principal(&self) -> &Principal {
        &self.0.principal
    }

    /// The claims as `C`: deserialized at the first call for each type, then shared.
    ///
    /// # Errors
    ///
    /// [`TokenError::ClaimsMismatch`] when the claims do not fit `C`. Nothing is defaulted but what `C` itself
    /// defaults.
    pub fn claims<C: TokenClaims>(&self) -> Result<Arc<C>, TokenError> {
        self.0.typed.get_or_make(|| C::read_weighed(self), || self.0.provenance.weigh(self))
    }

    /// The claims as `C`, not shared: for [`TokenClaims`] of your own.
    ///
    /// # Errors
    ///
    /// [`TokenError::ClaimsMismatch`] when the claims do not fit `C`.
    pub fn deserialize<C: DeserializeOwned>(&self) -> Result<C, TokenError> {
        self.fitting(serde_json::from_str(&self.0.payload))
    }

    /// The claims as `C`, not shared, and what they hold of memory beside their own size, in bytes: for
    /// [`TokenClaims::read_weighed`] of your own.
    ///
    /// What derived types, those of the standard library and `serde_json::Value` hold is bounded from above. Where serde
    /// reads before it knows the type (`flatten`, enums that are not tagged from outside), and for what a visitor of its own
    /// reads by `deserialize_any`, the type is not seen: each value is charged with 256 bytes, from the 33rd on with 1024.
    /// What a type adds by itself (a default, a conversion) is not seen, either.
    ///
    /// # Errors
    ///
    /// [`TokenError::ClaimsMismatch`] when the claims do not fit `C`.
    pub fn deserialize_weighed<C: DeserializeOwned>(&self) -> Result<(C, usize), TokenError> {
        self.fitting(weighing::read::<C>(&self.0.payload))
    }

    fn fitting<C>(&self, read: Result<C, serde_json::Error>) -> Result<C, TokenError> {
        read.map_err(|error| {
            // The message of another error may quote a claim's value, so only the place is said.
            let message = error.to_string();
            let missing = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
            tracing::debug!(
                target: "countersign::claims",
                r#type = std::any::type_name::<C>(), missing, column = error.column(),
                "verified claims do not fit the handler's type"
            );
            TokenError::ClaimsMismatch
        })
    }

    /// What claims are charged with that are not measured.
    pub(crate) fn unseen_bytes(&self) -> usize {
        UNSEEN_FACTOR * self.0.payload.len()
    }

    /// The `jti` of the token (RFC 7519 section 4.1.7).
    pub fn id(&self) -> Option<&str> {
        self.0.marks.id.as_deref()
    }

    /// The `sid` of the token: the session at the provider that it belongs to (OpenID Connect Front-Channel Logout
    /// section 3).
    pub fn session(&self) -> Option<&str> {
        self.0.marks.session.as_deref()
    }

    /// The `iat` of the token, in seconds since 1970, fraction cut off.
    pub fn issued_at(&self) -> Option<u64> {
        Some(self.0.marks.issued?.as_secs())
    }

    pub(crate) fn issued(&self) -> Option<Duration> {
        self.0.marks.issued
    }

    /// When the token expires, in seconds since 1970, fraction cut off; the leeway is not in it.
    pub fn expires_at(&self) -> u64 {
        self.0.verdict.expires.as_secs()
    }

    /// When the token expires, since 1970; the leeway is not in it.
    pub fn expires(&self) -> Duration {
        self.0.verdict.expires
    }

    /// The token as it came, to pass on to another service.
    ///
    /// # Security
    ///
    /// It is a credential: whoever has it is the caller. Keep it out of logs, answers and storage.
    pub fn raw(&self) -> &str {
        &self.0.raw
    }
}

impl fmt::Debug for VerifiedToken {
    /// Neither the token nor a claim: both are the caller's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedToken").field("expires_at", &self.expires_at()).finish_non_exhaustive()
    }
}
