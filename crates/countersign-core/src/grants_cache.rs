//! Grants that were looked up, for when their caller comes again.
//!
//! A look-up is a task of its own: requests come and go, and whoever asks while it is under way waits for its outcome. So
//! callers cost one call at a time each, and a request that is given up takes nothing with it. A failure is told to those
//! who waited for it and to nobody else.

use crate::clock::Clock;
use crate::error::{Dependency, Unavailable};
use crate::granted::ProviderId;
use crate::grants_provider::{Grants, GrantsError, GrantsProvider};
use crate::principal_key::PrincipalKey;
use foldhash::quality::RandomState;
use quick_cache::Weighter;
use quick_cache::sync::{Cache, DefaultLifecycle, EntryAction, EntryResult};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
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
/// The parts of fixed size, the blocks that they are allocated in, and the cache's own book-keeping.
const OVERHEAD: usize = size_of::<LookUp>() + 200;

/// For how long, how fast and how many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GrantsLimits {
    pub(crate) lifetime: Duration,
    pub(crate) deadline: Duration,
    pub(crate) bytes: usize,
}

impl Default for GrantsLimits {
    fn default() -> Self {
        Self { lifetime: DEFAULT_LIFETIME, deadline: DEFAULT_DEADLINE, bytes: DEFAULT_BYTES }
    }
}

pub(crate) struct GrantsCache {
    provider: Arc<dyn GrantsProvider>,
    pub(crate) id: ProviderId,
    limits: GrantsLimits,
    clock: Arc<dyn Clock>,
    callers: Cache<PrincipalKey, Kept, Bytes, RandomState>,
}

/// One look-up, under way or over.
struct LookUp {
    /// What it gave, or `None` for a failure.
    outcome: SetOnce<Option<LookedUp>>,
}

/// Grants, and when they may be relied upon.
#[derive(Clone)]
pub(crate) struct LookedUp {
    pub(crate) grants: Arc<Grants>,
    pub(crate) stands: Range<Duration>,
}

/// A look-up, and what it weighs, which must not change while it is kept.
#[derive(Clone)]
struct Kept {
    look_up: Arc<LookUp>,
    bytes: usize,
}

impl GrantsCache {
    pub(crate) fn new(provider: Arc<dyn GrantsProvider>, limits: GrantsLimits, clock: Arc<dyn Clock>) -> Self {
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
        }
    }

    /// What was looked up for the caller and may still be relied upon.
    pub(crate) fn known(&self, caller: &PrincipalKey, now: Duration) -> Option<LookedUp> {
        self.callers.get(caller)?.look_up.standing_at(now).cloned()
    }

    /// As [`known`](Self::known), else looked up now, by this request or by another one that asks at the same time.
    pub(crate) async fn look_up(self: &Arc<Self>, caller: PrincipalKey) -> Result<LookedUp, Unavailable> {
        let look_up = self.current(caller);
        let outcome = timeout(self.limits.deadline.saturating_add(PATIENCE), look_up.outcome.wait()).await;
        let looked_up = outcome.ok().and_then(Option::as_ref).cloned();
        looked_up.ok_or(Unavailable { retry_after: RETRY_AFTER, dependency: Dependency::Grants })
    }

    /// The look-up that is under way or still counts, else a new one.
    fn current(self: &Arc<Self>, caller: PrincipalKey) -> Arc<LookUp> {
        let now = self.clock.now();
        let entry = self.callers.entry(&caller, None, |_, kept| match kept.look_up.outcome.get() {
            None => EntryAction::Retain(Arc::clone(&kept.look_up)),
            Some(_) if kept.look_up.standing_at(now).is_some() => EntryAction::Retain(Arc::clone(&kept.look_up)),
            Some(_) => EntryAction::ReplaceWithGuard,
        });
        let place = match entry {
            EntryResult::Retained(look_up) => return look_up,
            EntryResult::Vacant(place) | EntryResult::Replaced(place, _) => place,
            // Neither is asked for. A look-up that nobody else finds is right all the same.
            EntryResult::Removed(..) | EntryResult::Timeout => return self.begin(caller, Arc::default(), now),
        };
        let look_up = Arc::<LookUp>::default();
        // Pushed out at once in a cache that is too small: then nobody else finds it.
        let _ = place.insert(Kept { look_up: Arc::clone(&look_up), bytes: OVERHEAD + caller.bytes() });
        self.begin(caller, look_up, now)
    }

    /// Asks the provider, in a task of its own.
    fn begin(self: &Arc<Self>, caller: PrincipalKey, look_up: Arc<LookUp>, now: Duration) -> Arc<LookUp> {
        let mut pending = Pending(Arc::clone(&look_up));
        // Outside of a runtime nothing can be looked up.
        let Ok(runtime) = Handle::try_current() else { return look_up };
        let cache = Arc::clone(self);
        runtime.spawn(async move {
            let answer = timeout(cache.limits.deadline, cache.provider.grants(&caller)).await;
            match answer.unwrap_or_else(|_| Err("no answer within the deadline".into())) {
                Ok(grants) => cache.keep(caller, &mut pending, grants, now),
                Err(error) => cache.log(&error),
            }
        });
        look_up
    }

    /// As old as the question: the answer may have been found at any time since.
    fn keep(&self, caller: PrincipalKey, pending: &mut Pending, grants: Grants, asked: Duration) {
        let bytes = OVERHEAD + caller.bytes() + grants.bytes();
        let stands = asked..asked.saturating_add(self.limits.lifetime);
        pending.end(Some(LookedUp { grants: Arc::new(grants), stands }));
        // In its place, now that its weight is known; if it was pushed out meanwhile, it stays out.
        let _ = self.callers.replace(caller, Kept { look_up: Arc::clone(&pending.0), bytes }, false);
    }

    fn log(&self, error: &GrantsError) {
        let provider = self.provider.name();
        tracing::warn!(target: "countersign::grants", provider, "grants not looked up: {error}");
    }
}

impl Default for LookUp {
    fn default() -> Self {
        Self { outcome: SetOnce::new() }
    }
}

impl LookUp {
    fn standing_at(&self, now: Duration) -> Option<&LookedUp> {
        self.outcome.get()?.as_ref().filter(|looked_up| looked_up.stands.contains(&now))
    }
}

/// Ends a look-up even when its task does not come to its end: a panic in the provider, a runtime that shuts down.
struct Pending(Arc<LookUp>);

impl Pending {
    fn end(&mut self, outcome: Option<LookedUp>) {
        // Only the first end counts.
        let _ = self.0.outcome.set(outcome);
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.end(None);
    }
}

#[derive(Clone)]
struct Bytes;

impl Weighter<PrincipalKey, Kept> for Bytes {
    fn weight(&self, _: &PrincipalKey, kept: &Kept) -> u64 {
        kept.bytes as u64
    }
}

impl fmt::Debug for GrantsCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrantsCache")
            .field("provider", &self.provider.name())
            .field("callers", &self.callers.len())
            .finish_non_exhaustive()
    }
}
