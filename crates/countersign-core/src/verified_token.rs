//! The proof that a token was verified. It is constructed in one place: `verifier.rs`.

use crate::claims_by_issuer::TokenClaims;
use crate::error::TokenError;
use crate::jwk::VerificationKey;
use crate::principal::Principal;
use crate::typed_claims::TypedClaims;
use serde::de::DeserializeOwned;
use std::fmt;
use std::sync::Arc;
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

/// The parts of fixed size, the blocks that they are allocated in, and the cache's own book-keeping.
const OVERHEAD: usize = size_of::<Inner>() + 400;

struct Inner {
    raw: Box<str>,
    payload: String,
    principal: Principal,
    verdict: Verdict,
    typed: TypedClaims,
}

/// What the verification rests on, and how long it may be relied upon without another one.
pub(crate) struct Verdict {
    /// The key that verified the signature.
    pub(crate) key: Arc<VerificationKey>,
    /// `exp`, without the leeway.
    pub(crate) expires: Duration,
    /// When nobody accepts the token any more: `exp` with the leeway.
    pub(crate) expired: Duration,
    pub(crate) since: Duration,
    pub(crate) until: Duration,
}

impl VerifiedToken {
    /// Greppable: the only caller is the end of the pipeline, after every check.
    pub(crate) fn assertion(raw: &str, payload: String, principal: Principal, verdict: Verdict) -> Self {
        Self(Arc::new(Inner { raw: raw.into(), payload, principal, verdict, typed: TypedClaims::default() }))
    }

    /// Whether the verdict may still be relied upon. A clock that was set back asks for another one.
    pub(crate) fn stands_at(&self, now: Duration) -> bool {
        let verdict = &self.0.verdict;
        (verdict.since..verdict.until).contains(&now) && !verdict.key.has_left()
    }

    /// What the issuer signed: header, dot, payload, as they came.
    pub(crate) fn signed(&self) -> &str {
        self.raw().rsplit_once('.').map_or(self.raw(), |(signed, _)| signed)
    }

    pub(crate) fn expired(&self) -> Duration {
        self.0.verdict.expired
    }

    /// About what it takes of memory, with claims of one type that are as large as the payload.
    pub(crate) fn bytes(&self) -> usize {
        let inner = &*self.0;
        OVERHEAD + inner.raw.len() + 2 * inner.payload.capacity() + inner.principal.bytes()
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
        self.0.typed.get_or_make(|| C::read(self))
    }

    /// The claims as `C`, not shared: for [`TokenClaims`] of your own.
    ///
    /// # Errors
    ///
    /// [`TokenError::ClaimsMismatch`] when the claims do not fit `C`.
    pub fn deserialize<C: DeserializeOwned>(&self) -> Result<C, TokenError> {
        serde_json::from_str(&self.0.payload).map_err(|error| {
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

    /// When the token expires, in seconds since 1970, fraction cut off; the leeway is not in it.
    pub fn expires_at(&self) -> u64 {
        self.0.verdict.expires.as_secs()
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
