//! The keys that tokens are verified with.

use crate::keys::key_set::KeySet;
use std::sync::Arc;
use std::time::Duration;

/// The keys to verify with. It is an atomic snapshot.
pub(crate) struct CurrentKeys {
    pub(crate) set: Arc<KeySet>,
    /// The time for which the keys remain valid if the issuer does not confirm them again.
    pub(crate) valid_for: Duration,
}

impl CurrentKeys {
    pub(crate) fn given(keys: &Arc<KeySet>) -> Self {
        Self { set: Arc::clone(keys), valid_for: Duration::MAX }
    }
}
