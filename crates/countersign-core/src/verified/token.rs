//! The proof that a token was verified. Only `verifier/pipeline.rs` constructs it.

use crate::clock::UnixTime;
use crate::json::{Json, Object};
use crate::keys::jwk::VerificationKey;
use crate::principal::Principal;
use crate::scale::{COUNTERS, block};
use crate::verified::merged_principal::Merged;
use crate::verified::provenance::Provenance;
use crate::verified::revocation_places::RevocationPlaces;
use crate::verified::typed_claims::TypedClaims;
use arc_swap::ArcSwap;
use std::fmt;
use std::sync::{Arc, OnceLock};

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

/// Readers of a swap briefly keep the previous value alive.
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
    /// The principal with entitlements from outside the token, while those are valid. Without a provider of
    /// entitlements it stays empty and costs nothing.
    merged: OnceLock<ArcSwap<Merged>>,
}

/// A proof without the text of the claims, which the parsed claims still borrow. It is created in its final
/// allocation, since it is large.
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

/// The identifiers that a token can be revoked by, in addition to its subject.
#[derive(Default)]
pub(crate) struct TokenIds {
    id: Option<Box<str>>,
    session: Option<Box<str>>,
    issued: Option<UnixTime>,
}

impl TokenIds {
    /// Reads the identifiers. A `jti` or `sid` that is not a text is ignored.
    pub(crate) fn of(claims: &Object<'_>, issued: Option<UnixTime>) -> Self {
        let text = |claim| claims.get(claim).and_then(Json::as_str).map(Box::from);
        Self { id: text("jti"), session: text("sid"), issued }
    }
}

/// The basis of a verification, and the time in which it is valid.
pub(crate) struct Verdict {
    /// The key that verified the signature.
    pub(crate) key: Arc<VerificationKey>,
    /// `exp`, without the leeway.
    pub(crate) expires: UnixTime,
    pub(crate) since: UnixTime,
    pub(crate) until: UnixTime,
}

impl VerifiedToken {
    /// Completes the proof. Only the end of the pipeline calls this, after every check.
    pub(crate) fn assertion(assertion: Assertion, payload: String) -> Self {
        let Assertion(mut inner) = assertion;
        // The `Arc` is not shared yet. Without the text every claims type would fail.
        if let Some(inner) = Arc::get_mut(&mut inner) {
            inner.payload = payload;
        }
        Self(inner)
    }

    /// True if the verification is still valid. If the clock was set back, the token is verified again.
    pub(crate) fn is_valid_at(&self, now: UnixTime) -> bool {
        let verdict = &self.0.verdict;
        (verdict.since..verdict.until).contains(&now) && !verdict.key.is_retired()
    }

    /// The signed text: header, dot, payload, as received.
    fn signed(&self) -> &str {
        self.raw().rsplit_once('.').map_or(self.raw(), |(signed, _)| signed)
    }

    pub(crate) fn provenance(&self) -> &Provenance {
        &self.0.provenance
    }

    pub(super) fn payload(&self) -> &str {
        &self.0.payload
    }

    pub(super) fn typed(&self) -> &TypedClaims {
        &self.0.typed
    }

    /// Updates the weight of the token in its cache, since it has grown.
    pub(super) fn reweigh(&self) {
        self.0.provenance.reweigh(self.raw());
    }

    /// The places of possible revocations of the token.
    pub(crate) fn revocation_places(&self) -> &RevocationPlaces {
        let places = &self.0.revocation_places;
        if let Some(places) = places.get() {
            return places;
        }
        let (issuer, subject) = (self.principal().issuer(), self.principal().subject());
        let made = Box::new(RevocationPlaces::new(issuer, subject, self.signed(), self.id(), self.session()));
        let made = places.get_or_init(|| made);
        self.reweigh();
        made
    }

    /// The principal with entitlements from outside the token, as merged last.
    pub(crate) fn merged(&self) -> Option<Arc<Merged>> {
        Some(self.0.merged.get()?.load_full())
    }

    pub(crate) fn keep_merged(&self, merged: Arc<Merged>) {
        self.0.merged.get_or_init(|| ArcSwap::new(Arc::clone(&merged))).store(merged);
        self.reweigh();
    }

    /// The memory that it uses now, including everything that was derived from it.
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

    /// The caller.
    pub fn principal(&self) -> &Principal {
        &self.0.principal
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

    /// The `iat` of the token.
    pub fn issued_at(&self) -> Option<UnixTime> {
        self.0.marks.issued
    }

    /// The `exp` of the token, without the leeway.
    pub fn expires_at(&self) -> UnixTime {
        self.0.verdict.expires
    }

    /// The token as received, to pass on to another service.
    ///
    /// # Security
    ///
    /// It is a credential. Any program that has it can act as the caller. Keep it out of logs, answers and storage.
    pub fn raw(&self) -> &str {
        &self.0.raw
    }
}

impl fmt::Debug for VerifiedToken {
    /// Shows neither the token nor its claims, since both are secret or personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedToken").field("expires_at", &self.expires_at()).finish_non_exhaustive()
    }
}
