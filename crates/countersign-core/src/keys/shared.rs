//! Keys that the program gives to several issuers: fetched once for all of them.

use crate::keys::algorithm::Algorithm;
use crate::keys::fetch::FetchJwks;
use crate::keys::remote::{RemoteKeys, RemoteSource};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// A source of keys, while an issuer uses it.
///
/// The handle itself keeps nothing alive, so the last verifier to go ends the background work, and the next one to be built
/// starts anew.
#[derive(Debug)]
pub(crate) struct SharedKeys {
    fetch: Arc<dyn FetchJwks>,
    source: Mutex<Weak<RemoteSource>>,
}

impl SharedKeys {
    pub(crate) fn new(fetch: Arc<dyn FetchJwks>) -> Self {
        Self { fetch, source: Mutex::new(Weak::new()) }
    }

    /// The keys for one issuer, from the source that is in use, or from a new one, which is named after `issuer` in the log.
    ///
    /// Its keys are parsed for every algorithm, since a further issuer may allow others than the first. Each issuer looks at
    /// its own allow-list before it looks for a key.
    ///
    /// Must be called within a tokio runtime.
    pub(crate) fn keys(&self, issuer: &Arc<str>, max_age: Duration) -> RemoteKeys {
        // Only builders come here, and nothing waits while it is held.
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(source) = source.upgrade().filter(|source| !source.is_over()) {
            return RemoteKeys::joining(source, max_age);
        }
        let new = RemoteSource::spawn(Arc::clone(issuer), Algorithm::all().collect(), Arc::clone(&self.fetch));
        *source = Arc::downgrade(&new);
        RemoteKeys::new(new, max_age)
    }
}
