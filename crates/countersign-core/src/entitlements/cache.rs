//! Entitlements that were looked up, for when their caller comes again.
//!
//! A look-up is a task of its own: requests come and go, and whoever asks while it is under way waits for its outcome. So
//! callers cost one call at a time each, and a request that is given up takes nothing with it. A failure is told to those
//! who waited for it and to nobody else.

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
/// What the cache holds unless the builder says otherwise, in bytes.
const DEFAULT_BYTES: usize = 32 * 1024 * 1024;
/// Whoever waits for a look-up waits a little longer than it may take, so as to see the end of it.
const PATIENCE: Duration = Duration::from_millis(250);
/// When to try again after a failure.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// About what a caller with 50 grants takes.
const USUAL_CALLER: usize = 2 * 1024;
/// What a caller takes beside its key and its grants: their own block, its place in the cache, and its share of the tables
/// and of the memory of those that left.
const OVERHEAD: usize = block(size_of::<Entitlements>() + COUNTERS) + size_of::<Kept>() + 128;

/// For how long, how fast and how many.
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
    /// The look-ups under way, apart from what is kept: a cache may keep nothing, and push anything out at any time.
    /// Each has a task, so that there are no more of them than tasks, and each task takes its own out.
    under_way: Mutex<HashMap<CallerId, Arc<LookUp>, RandomState>>,
}

/// One look-up, under way or over: what it gave, or `None` for a failure.
#[derive(Default)]
struct LookUp(SetOnce<Option<LookedUp>>);

/// Entitlements, and when they may be relied upon.
#[derive(Clone)]
pub(crate) struct LookedUp {
    pub(crate) grants: Arc<Entitlements>,
    pub(crate) stands: Range<UnixTime>,
}

/// Entitlements, and what they weigh with their caller.
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

    /// What was looked up for the caller and may still be relied upon.
    pub(crate) fn known(&self, caller: &CallerId, now: UnixTime) -> Option<LookedUp> {
        Some(self.callers.get(caller)?.looked_up).filter(|looked_up| looked_up.stands.contains(&now))
    }

    /// As [`known`](Self::known), else looked up now, by this request or by another one that asks at the same time.
    pub(crate) async fn look_up(self: &Arc<Self>, caller: CallerId) -> Result<LookedUp, Unavailable> {
        let unavailable = Unavailable { retry_after: RETRY_AFTER, dependency: Dependency::Entitlements };
        let look_up = match self.current(caller) {
            Current::Known(looked_up) => return Ok(looked_up),
            Current::UnderWay(look_up) => look_up,
        };
        let outcome = timeout(self.limits.deadline.saturating_add(PATIENCE), look_up.0.wait()).await;
        outcome.ok().and_then(Option::as_ref).cloned().ok_or(unavailable)
    }

    /// What is known by now, the look-up that is under way, or a new one.
    fn current(self: &Arc<Self>, caller: CallerId) -> Current {
        let now = self.clock.now();
        let mut under_way = self.under_way();
        if let Some(look_up) = under_way.get(&caller) {
            return Current::UnderWay(Arc::clone(look_up));
        }
        // One that ended meanwhile was kept before it was taken out.
        if let Some(looked_up) = self.known(&caller, now) {
            return Current::Known(looked_up);
        }
        let look_up = Arc::<LookUp>::default();
        under_way.insert(caller.clone(), Arc::clone(&look_up));
        drop(under_way);
        self.begin(Pending { cache: Arc::clone(self), caller, look_up: Arc::clone(&look_up) }, now);
        Current::UnderWay(look_up)
    }

    /// Asks the provider, in a task of its own.
    fn begin(&self, pending: Pending, now: UnixTime) {
        // Outside of a runtime nothing can be looked up.
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
        tracing::warn!(target: "countersign::entitlements", provider, "grants not looked up: {error}");
    }
}

enum Current {
    Known(LookedUp),
    UnderWay(Arc<LookUp>),
}

/// Ends a look-up even when its task does not come to its end: a panic in the provider, a runtime that shuts down.
struct Pending {
    cache: Arc<EntitlementsCache>,
    caller: CallerId,
    look_up: Arc<LookUp>,
}

impl Pending {
    /// As old as the question: the answer may have been found at any time since.
    fn succeed(self, grants: Entitlements, asked: UnixTime) {
        let bytes = OVERHEAD + self.caller.bytes() + grants.bytes();
        let stands = asked..asked.saturating_add(self.cache.limits.lifetime);
        let looked_up = LookedUp { grants: Arc::new(grants), stands };
        self.cache.callers.insert(self.caller.clone(), Kept { looked_up: looked_up.clone(), bytes });
        self.end(Some(looked_up));
    }

    /// Taken out before anybody is told, so that a request that comes after the answer begins another look-up where
    /// nothing is kept.
    fn end(&self, outcome: Option<LookedUp>) {
        let mut under_way = self.cache.under_way();
        if under_way.get(&self.caller).is_some_and(|other| Arc::ptr_eq(other, &self.look_up)) {
            under_way.remove(&self.caller);
        }
        drop(under_way);
        // Only the first end counts.
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
