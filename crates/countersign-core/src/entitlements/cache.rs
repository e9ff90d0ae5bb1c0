//! A cache of entitlements by caller, with one look-up at a time for each caller.
//!
//! A look-up is a separate task. Requests that ask while it runs wait for its outcome, so a request that is cancelled
//! does not cancel the look-up. A failure is returned to the requests that waited for it, and is not cached.

use crate::clock::{Clock, UnixTime};
use crate::entitlements::caller_id::CallerId;
use crate::entitlements::provider::{Entitlements, EntitlementsError, EntitlementsProvider, ProviderId};
use crate::error::{Dependency, Unavailable};
use crate::scale::{COUNTERS, block};
use foldhash::quality::RandomState;
use quick_cache::Weighter;
use quick_cache::sync::{Cache, DefaultLifecycle};
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::SetOnce;
use tokio::time::timeout;

const DEFAULT_LIFETIME: Duration = Duration::from_secs(60);
const DEFAULT_DEADLINE: Duration = Duration::from_secs(2);
/// The default limit of the cache, in bytes.
const DEFAULT_BYTES: usize = 32 * 1024 * 1024;
/// Waiters time out this long after the deadline of the look-up, so they see its outcome.
const PATIENCE: Duration = Duration::from_millis(250);
/// The `Retry-After` of a failure.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// The size of a usual caller, with about 50 entitlements, in bytes.
const USUAL_CALLER: usize = 2 * 1024;
/// The memory of a caller without its key and the names of its entitlements. It covers the entitlements' allocation,
/// the cache entry, and a share of the cache's tables and of its record of evicted keys.
const OVERHEAD: usize = block(size_of::<Entitlements>() + COUNTERS) + size_of::<Kept>() + 128;

/// The lifetime of an entry, the deadline of a look-up, and the limit of the cache in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntitlementsLimits {
    pub(crate) lifetime: Duration,
    pub(crate) deadline: Duration,
    pub(crate) bytes: usize,
}

impl Default for EntitlementsLimits {
    fn default() -> Self {
        Self { lifetime: DEFAULT_LIFETIME, deadline: DEFAULT_DEADLINE, bytes: DEFAULT_BYTES }
    }
}

pub(crate) struct EntitlementsCache {
    provider: Arc<dyn EntitlementsProvider>,
    pub(crate) id: ProviderId,
    limits: EntitlementsLimits,
    clock: Arc<dyn Clock>,
    callers: Cache<CallerId, Kept, Bytes, RandomState>,
    /// The look-ups that run now. They are not in the cache, since it may evict any entry at any time. Each has a task
    /// that removes it at its end.
    under_way: Mutex<HashMap<CallerId, Arc<LookUp>, RandomState>>,
}

/// A look-up. It is set at the end, to `None` for a failure.
#[derive(Default)]
struct LookUp(SetOnce<Option<LookedUp>>);

/// Entitlements, and the time in which they are valid.
#[derive(Clone)]
pub(crate) struct LookedUp {
    pub(crate) grants: Arc<Entitlements>,
    pub(crate) stands: Range<UnixTime>,
}

/// An entry of the cache, and its size together with its key.
#[derive(Clone)]
struct Kept {
    looked_up: LookedUp,
    bytes: usize,
}

impl EntitlementsCache {
    pub(crate) fn new(
        provider: Arc<dyn EntitlementsProvider>,
        limits: EntitlementsLimits,
        clock: Arc<dyn Clock>,
    ) -> Self {
        static NEXT_ID: AtomicU64 = AtomicU64::new(0);
        let items = limits.bytes / USUAL_CALLER;
        Self {
            provider,
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            limits,
            clock,
            callers: Cache::with(
                items,
                limits.bytes as u64,
                Bytes,
                RandomState::default(),
                DefaultLifecycle::default(),
            ),
            under_way: Mutex::default(),
        }
    }

    /// The cached entitlements of the caller, if they are still valid.
    pub(crate) fn known(&self, caller: &CallerId, now: UnixTime) -> Option<LookedUp> {
        Some(self.callers.get(caller)?.looked_up).filter(|looked_up| looked_up.stands.contains(&now))
    }

    /// Returns what [`known`](Self::known) returns, or waits for a look-up. If one already runs for this caller, it
    /// waits for that one.
    pub(crate) async fn look_up(self: &Arc<Self>, caller: CallerId) -> Result<LookedUp, Unavailable> {
        let unavailable = Unavailable { retry_after: RETRY_AFTER, dependency: Dependency::Entitlements };
        let look_up = match self.current(caller) {
            Current::Known(looked_up) => return Ok(looked_up),
            Current::UnderWay(look_up) => look_up,
        };
        let outcome = timeout(self.limits.deadline.saturating_add(PATIENCE), look_up.0.wait()).await;
        outcome.ok().and_then(Option::as_ref).cloned().ok_or(unavailable)
    }

    /// The cached entitlements, the look-up that runs, or a new one.
    fn current(self: &Arc<Self>, caller: CallerId) -> Current {
        let now = self.clock.now();
        let mut under_way = self.under_way();
        if let Some(look_up) = under_way.get(&caller) {
            return Current::UnderWay(Arc::clone(look_up));
        }
        // A look-up that ended meanwhile has filled the cache before it was removed.
        if let Some(looked_up) = self.known(&caller, now) {
            return Current::Known(looked_up);
        }
        let look_up = Arc::<LookUp>::default();
        under_way.insert(caller.clone(), Arc::clone(&look_up));
        drop(under_way);
        self.begin(Pending { cache: Arc::clone(self), caller, look_up: Arc::clone(&look_up) }, now);
        Current::UnderWay(look_up)
    }

    /// Asks the provider in a new task.
    fn begin(&self, pending: Pending, now: UnixTime) {
        // Without a runtime there can be no task. Dropping `pending` reports a failure.
        let Ok(runtime) = Handle::try_current() else { return };
        runtime.spawn(async move {
            let cache = &pending.cache;
            let answer = timeout(cache.limits.deadline, cache.provider.entitlements(&pending.caller)).await;
            match answer.unwrap_or_else(|_| Err("no answer within the deadline".into())) {
                Ok(grants) => pending.succeed(grants, now),
                Err(error) => cache.log(&error),
            }
        });
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<CallerId, Arc<LookUp>, RandomState>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self, error: &EntitlementsError) {
        let provider = self.provider.name();
        tracing::warn!(target: "countersign::entitlements", provider, "entitlements not looked up: {error}");
    }
}

enum Current {
    Known(LookedUp),
    UnderWay(Arc<LookUp>),
}

/// Ends a look-up when it is dropped, also after a panic in the provider or when the runtime shuts down.
struct Pending {
    cache: Arc<EntitlementsCache>,
    caller: CallerId,
    look_up: Arc<LookUp>,
}

impl Pending {
    /// Caches the answer. Its age counts from the start of the look-up, since the provider may have read the data at
    /// any time since then.
    fn succeed(self, grants: Entitlements, asked: UnixTime) {
        let bytes = OVERHEAD + self.caller.bytes() + grants.bytes();
        let stands = asked..asked.saturating_add(self.cache.limits.lifetime);
        let looked_up = LookedUp { grants: Arc::new(grants), stands };
        self.cache.callers.insert(self.caller.clone(), Kept { looked_up: looked_up.clone(), bytes });
        self.end(Some(looked_up));
    }

    /// Removes the look-up, then tells the waiters. So a request that comes after the answer starts another look-up if
    /// the cache did not keep it.
    fn end(&self, outcome: Option<LookedUp>) {
        let mut under_way = self.cache.under_way();
        if under_way.get(&self.caller).is_some_and(|other| Arc::ptr_eq(other, &self.look_up)) {
            under_way.remove(&self.caller);
        }
        drop(under_way);
        // Only the first call has an effect.
        let _ = self.look_up.0.set(outcome);
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.end(None);
    }
}

#[derive(Clone)]
struct Bytes;

impl Weighter<CallerId, Kept> for Bytes {
    fn weight(&self, _: &CallerId, kept: &Kept) -> u64 {
        kept.bytes as u64
    }
}

impl fmt::Debug for EntitlementsCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntitlementsCache")
            .field("provider", &self.provider.name())
            .field("callers", &self.callers.len())
            .finish_non_exhaustive()
    }
}
