//! The outcome of a refresh that the program asked for.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// The issuers whose keys [`Verifier::refresh_keys_now`](crate::Verifier::refresh_keys_now) could not refresh. Their last
/// good keys stay in use.
///
/// # Example
///
/// ```
/// # use countersign_core::Verifier;
/// # async fn example(verifier: Verifier) {
/// if let Err(error) = verifier.refresh_keys_now().await {
///     for (issuer, reason) in error.failures() {
///         eprintln!("{issuer} still has its old keys: {reason}");
///     }
/// }
/// # }
/// ```
///
/// # Security
///
/// For the operator: a reason may hold what the provider says, and addresses of the inner network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRefreshError {
    pub(crate) failures: Vec<(Arc<str>, Arc<str>)>,
}

impl KeyRefreshError {
    /// The `iss` of each issuer whose keys are still the old ones, and the reason.
    pub fn failures(&self) -> impl Iterator<Item = (&str, &str)> {
        self.failures.iter().map(|(issuer, reason)| (&**issuer, &**reason))
    }
}

impl fmt::Display for KeyRefreshError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("keys were not refreshed")?;
        for (index, (issuer, reason)) in self.failures().enumerate() {
            write!(f, "{} issuer `{issuer}`: {reason}", if index == 0 { ":" } else { ";" })?;
        }
        Ok(())
    }
}

impl Error for KeyRefreshError {}
