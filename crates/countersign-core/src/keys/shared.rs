//! Keys that several issuers share. They are fetched once for all of them.

use crate::keys::algorithm::Algorithm;
use crate::keys::fetch::FetchJwks;
use crate::keys::remote::{RemoteKeys, RemoteSource};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// A shared source of keys, present while an issuer uses it.
///
/// This handle does not keep the source alive. Dropping the last verifier that uses it ends the background work, and
/// the next verifier to be built starts a new source.
#[derive(Debug)]
pub(crate) struct SharedKeys {
    fetch: Arc<dyn FetchJwks>,
    source: Mutex<Weak<RemoteSource>>,
}

impl SharedKeys {
    pub(crate) fn new(fetch: Arc<dyn FetchJwks>) -> Self {
        Self { fetch, source: Mutex::new(Weak::new()) }
    }

    /// Returns the keys for one issuer, from the source in use or from a new source. In the log, a new source is named
    /// after `issuer`.
    ///
    /// The keys are parsed for every algorithm, since a later issuer may allow other algorithms than the first. Each
    /// issuer checks its own allow-list before it looks for a key.
    ///
    /// Must be called within a tokio runtime.
    pub(crate) fn keys(&self, issuer: &Arc<str>, max_age: Duration) -> RemoteKeys {
        // Only builders take this lock, and nothing waits while it is held.
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(source) = source.upgrade().filter(|source| !source.is_over()) {
            return RemoteKeys::joining(source, max_age);
        }
        let new = RemoteSource::spawn(Arc::clone(issuer), Algorithm::all().collect(), Arc::clone(&self.fetch));
        *source = Arc::downgrade(&new);
        RemoteKeys::new(new, max_age)
    }
}
