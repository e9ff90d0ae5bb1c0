//! The failure of a refresh that the program requested.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// The issuers whose keys [`Verifier::refresh_keys_now`](crate::Verifier::refresh_keys_now) could not refresh. Their
/// last good keys stay in use.
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
/// Show it to the operator only: a reason may contain text from the provider and addresses of the internal network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRefreshError {
    pub(crate) failures: Vec<(Arc<str>, Arc<str>)>,
}

impl KeyRefreshError {
    /// The `iss` of each issuer that still has its old keys, with the reason.
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
