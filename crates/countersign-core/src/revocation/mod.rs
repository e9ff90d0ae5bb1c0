//! Who says that a verified token counts no more.

pub(crate) mod list;
pub(crate) mod shard;

use crate::verified::token::VerifiedToken;

/// Tells whether a token was revoked.
///
/// It is asked about every token of every request, those that are known from an earlier one included, after everything else.
/// So it looks into memory and waits for nothing: let a task of its own keep what it looks at up to date.
/// [`RevocationList`](crate::RevocationList) is such a memory.
///
/// # Example
///
/// ```
/// use countersign_core::{Revocation, VerifiedToken, Verifier};
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// /// Refuses what was issued before a moment: after a break-in, for instance.
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
    /// Whether the token is refused from now on, with 401.
    fn is_revoked(&self, token: &VerifiedToken) -> bool;
}
