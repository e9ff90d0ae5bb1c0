//! Revocation: checks that refuse verified tokens.
//!
//! Signatures and claims are checked in `verifier/`.

pub(crate) mod list;
pub(crate) mod shard;

use crate::verified::token::VerifiedToken;

/// Checks a token for revocation.
///
/// It runs last and for every request, even if the token is in the cache. So it must read from memory and never wait.
/// Keep that memory up to date in a separate task. [`RevocationList`](crate::RevocationList) is an implementation in
/// memory.
///
/// # Example
///
/// ```
/// use countersign_core::{Revocation, VerifiedToken, Verifier};
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// /// Refuses tokens that were issued before a moment, for instance after a break-in.
/// #[derive(Default)]
/// struct NotBefore(AtomicU64);
///
/// impl Revocation for NotBefore {
///     fn is_revoked(&self, token: &VerifiedToken) -> bool {
///         token.issued_at().is_none_or(|issued| issued.as_secs() < self.0.load(Ordering::Relaxed))
///     }
/// }
///
/// let builder = Verifier::builder().revocation(NotBefore::default());
/// # let _ = builder;
/// ```
pub trait Revocation: Send + Sync + 'static {
    /// True if the token is revoked. The answer is 401.
    fn is_revoked(&self, token: &VerifiedToken) -> bool;
}
