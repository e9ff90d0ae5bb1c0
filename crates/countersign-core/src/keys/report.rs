//! Reports on an issuer's keys, for diagnosis and metrics.

use crate::keys::key_set::KeySet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The state of one issuer's keys, with counts of what has happened to them. [`Verifier::keys`](crate::Verifier::keys)
/// returns one for each issuer.
///
/// # Example
///
/// ```
/// # use countersign_core::Verifier;
/// # fn example(verifier: &Verifier) {
/// for keys in verifier.keys() {
///     let counts = keys.counts();
///     println!("keys_fetch_total{{issuer={:?}}} {}", keys.issuer(), counts.attempts);
///     println!("keys_fetch_failures_total{{issuer={:?}}} {}", keys.issuer(), counts.failures);
///     if let Some(failure) = keys.last_failure() {
///         println!("the last attempt failed: {failure}");
///     }
/// }
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct KeyReport {
    pub(crate) issuer: Arc<str>,
    pub(crate) set: Option<Arc<KeySet>>,
    pub(crate) age: Option<Duration>,
    pub(crate) counts: KeyCounts,
    pub(crate) last_failure: Option<Arc<str>>,
}

impl KeyReport {
    /// The issuer's `iss`.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The keys that tokens are verified with; `None` while there are none.
    pub fn set(&self) -> Option<&Arc<KeySet>> {
        self.set.as_ref()
    }

    /// The time since the issuer last confirmed the keys; `None` for keys that are never fetched.
    pub fn age(&self) -> Option<Duration> {
        self.age
    }

    /// Counts since the verifier was built. They are zero for keys that are never fetched.
    pub fn counts(&self) -> KeyCounts {
        self.counts
    }

    /// The reason why the last attempt to fetch keys failed; `None` if it succeeded.
    ///
    /// # Security
    ///
    /// Show it to the operator only: it may contain text from the provider and addresses of the internal network.
    pub fn last_failure(&self) -> Option<&str> {
        self.last_failure.as_deref()
    }
}

/// Counts of events since the verifier was built. Issuers that [share their keys](crate::IssuerKeys::shared) are
/// counted together. Counts never decrease.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyCounts {
    /// Attempts to fetch keys that have ended, with success or failure.
    pub attempts: u64,
    /// Failed attempts.
    pub failures: u64,
    /// Attempts that brought keys different from before. The first keys count as well.
    pub changes: u64,
    /// Attempts caused by tokens with an unknown key. The other attempts were scheduled or [requested by the
    /// program](crate::Verifier::refresh_keys_now).
    pub forced: u64,
    /// Tokens that named an unknown key.
    pub unknown: u64,
    /// Tokens whose unknown key was found after an attempt.
    pub found_after_refresh: u64,
}

/// The live counters behind [`KeyCounts`].
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) attempts: Counter,
    pub(crate) failures: Counter,
    pub(crate) changes: Counter,
    pub(crate) forced: Counter,
    pub(crate) unknown: Counter,
    pub(crate) found_after_refresh: Counter,
}

impl Counters {
    pub(crate) fn read(&self) -> KeyCounts {
        KeyCounts {
            attempts: self.attempts.read(),
            failures: self.failures.read(),
            changes: self.changes.read(),
            forced: self.forced.read(),
            unknown: self.unknown.read(),
            found_after_refresh: self.found_after_refresh.read(),
        }
    }
}

/// A counter. The verification of a token whose key is known never touches it.
#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl fmt::Display for KeyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.set.as_ref().map_or(0, |set| set.len());
        write!(f, "{}: {keys} keys", self.issuer)?;
        if let Some(age) = self.age {
            write!(f, ", confirmed {} s ago", age.as_secs())?;
        }
        if let Some(failure) = &self.last_failure {
            write!(f, ", the last attempt failed: {failure}")?;
        }
        Ok(())
    }
}
