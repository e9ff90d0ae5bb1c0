//! Fetched keys as requests see them: a snapshot, and a way to wait for newer keys.
//!
//! A [`JwksRefresher`] makes every attempt in one task, so two attempts never run at once. A request that is cancelled
//! while it waits does not stop the attempt. Issuers that [share their keys](crate::IssuerKeys::shared) share the task
//! and the snapshot. Requests read an atomic snapshot. Only a request that names an unknown key waits, and never longer
//! than [`MAX_WAIT`].
//!
//! # Every wait ends
//!
//! A request reads the status and asks for an attempt while it holds the status's read lock. The refresher changes the
//! status under the write lock. So the refresher is in one of two places when the request asks:
//!
//! - Between two attempts: the [`Notify`] stores the request until the refresher looks, and the refresher begins an
//!   attempt.
//! - In an attempt that began before: a scheduled or ordered attempt is cancelled in favour of a new one. An attempt caused
//!   by an unknown key answers this request as well, since a cool-down follows it.
//!
//! In both cases an attempt ends after the request asked, within its deadline. The request sees that end because it
//! subscribed before it asked. No lock is held during a wait, and the refresher never waits for a request, so a
//! deadlock is impossible. If this reasoning were wrong, the request's own deadline would end its wait with a 503.
//!
//! An order is the program's own request for an attempt. It is stored in the status as the number of the next attempt,
//! so orders that arrive together become one. An order ignores the cool-down. A scheduled attempt is cancelled for it;
//! any other attempt ends first. So an order is answered within the time of two attempts.

use crate::error::{Dependency, TokenError, Unavailable};
use crate::keys::algorithm::{Algorithm, Algorithms};
use crate::keys::current_keys::CurrentKeys;
use crate::keys::fetch::FetchJwks;
use crate::keys::negative_cache::NegativeCache;
use crate::keys::refresher::JwksRefresher;
use crate::keys::remote_state::{ATTEMPT_DEADLINE, MAX_STALENESS, Shared, Status};
use crate::keys::report::{Counters, KeyReport};
use arc_swap::ArcSwapOption;
use std::fmt;
use std::sync::{Arc, Once};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout, timeout_at};

/// Waiters time out slightly after the fetch deadline, so they see the result of the fetch.
const MAX_WAIT: Duration = ATTEMPT_DEADLINE.saturating_add(Duration::from_millis(250));
/// An order waits for the current attempt and then for its own.
pub(crate) const MAX_ORDER_WAIT: Duration =
    ATTEMPT_DEADLINE.saturating_mul(2).saturating_add(Duration::from_millis(250));

/// Logged when the runtime that the task was started in has ended.
const OVER: &str = "keys are no longer refreshed: build the verifier in the runtime that uses it";

/// The keys of a remote issuer, as one verifier uses them.
pub(crate) struct RemoteKeys {
    source: Arc<RemoteSource>,
    /// The maximum age. Keys that were not confirmed for this long are no longer used.
    max_age: Duration,
    /// The number of the attempt that the build of the verifier waits for.
    first: u64,
}

/// A remote source of keys. Dropping it ends its task.
pub(crate) struct RemoteSource {
    shared: Arc<Shared>,
    missing: NegativeCache,
    task: AbortHandle,
    warned_once: Once,
}

/// An attempt that the program asked for.
#[derive(Clone)]
pub(crate) struct Order {
    status: watch::Receiver<Status>,
    number: u64,
}

impl Order {
    /// Waits for the attempt. Fails if the attempt failed or did not end in time.
    pub(crate) async fn outcome(mut self, deadline: Instant) -> Result<(), Arc<str>> {
        let number = self.number;
        match timeout_at(deadline, self.status.wait_for(|status| status.completed >= number)).await {
            Ok(Ok(status)) => status.last_failure.clone().map_or(Ok(()), Err),
            _ => Err("no attempt to fetch keys ended in time".into()),
        }
    }
}

impl RemoteSource {
    /// Starts the task and its first attempt.
    ///
    /// Must be called within a tokio runtime.
    pub(crate) fn spawn(issuer: Arc<str>, allowed: Algorithms, fetch: Arc<dyn FetchJwks>) -> Arc<Self> {
        let now = Instant::now();
        let status = Status {
            started: 0,
            completed: 0,
            last_failure: None,
            next_attempt: now,
            cooling_until: now,
            ordered: 0,
            max_age: MAX_STALENESS,
        };
        let shared = Arc::new(Shared {
            issuer,
            cached: ArcSwapOption::empty(),
            status: watch::Sender::new(status),
            refresh_requested: Notify::new(),
            changed: Notify::new(),
            counters: Counters::default(),
        });
        let refresher = JwksRefresher::new(Arc::clone(&shared), allowed, fetch);
        let task = tokio::spawn(refresher.run()).abort_handle();
        Arc::new(Self { shared, missing: NegativeCache::new(), task, warned_once: Once::new() })
    }

    /// True if the task has ended, because the runtime that it was started in is gone.
    pub(crate) fn is_over(&self) -> bool {
        self.task.is_finished()
    }
}

impl RemoteKeys {
    /// Uses a source that was started for this verifier.
    pub(crate) fn new(source: Arc<RemoteSource>, max_age: Duration) -> Self {
        source.shared.limit_age(max_age);
        Self { source, max_age, first: 1 }
    }

    /// Uses a source that other verifiers already use. If its keys are older than `max_age`, they are fetched again.
    pub(crate) fn joining(source: Arc<RemoteSource>, max_age: Duration) -> Self {
        source.shared.limit_age(max_age);
        let mut keys = Self { source, max_age, first: 0 };
        if keys.fresh_keys().is_none() {
            let shared = &keys.source.shared;
            let (started, completed) = {
                let status = shared.status.borrow();
                (status.started, status.completed)
            };
            // An attempt that is already under way is enough.
            keys.first = if started == 0 || started > completed { started.max(1) } else { shared.order() };
        }
        keys
    }

    pub(crate) fn current(&self) -> Result<CurrentKeys, Unavailable> {
        self.fresh_keys().ok_or_else(|| self.unavailable())
    }

    /// Checks that there are keys and a task that refreshes them.
    pub(crate) fn ready(&self) -> Result<(), Unavailable> {
        if self.source.is_over() { Err(self.unavailable()) } else { self.current().map(drop) }
    }

    /// True if both use the same source.
    pub(crate) fn share_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.source, &other.source)
    }

    /// Orders an attempt. A cool-down does not prevent it.
    pub(crate) fn order(&self) -> Result<Order, Arc<str>> {
        if self.source.is_over() {
            return Err(OVER.into());
        }
        let status = self.source.shared.status.subscribe();
        Ok(Order { status, number: self.source.shared.order() })
    }

    /// Waits for an attempt to fetch the missing key, and returns the keys after it. Returns at once if a cool-down
    /// forbids an attempt, or if a recent attempt showed that the issuer does not have the key.
    pub(crate) async fn refresh_for(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<CurrentKeys, Unavailable> {
        let RemoteSource { shared, missing, warned_once, .. } = &*self.source;
        shared.counters.unknown.add_one();
        if self.source.is_over() {
            // The runtime that the verifier was built in has ended, and the task that fetches ended with it.
            warned_once.call_once(|| tracing::error!(target: "countersign::keys", "{OVER}"));
            return Err(self.unavailable());
        }
        if missing.contains(kid, algorithm) {
            return self.current();
        }
        let mut status = shared.status.subscribe();
        let (begun, ended) = {
            let status = status.borrow();
            if status.is_cooling() {
                // No new attempt is allowed now, so the result of the last one is used.
                return if status.last_failure.is_some() { Err(self.unavailable()) } else { self.current() };
            }
            // Under the read lock; the module documentation gives the reason.
            shared.refresh_requested.notify_one();
            (status.started, status.completed)
        };
        let has_key = |keys: &CurrentKeys| !matches!(keys.set.select(kid, algorithm), Err(TokenError::UnknownKey));
        // Reads only the keys, since the status is locked here.
        let attempt = status.wait_for(|status| {
            let is_answered = status.completed > begun || (status.completed > ended && status.is_cooling());
            is_answered || self.fresh_keys().as_ref().is_some_and(has_key)
        });
        let (failed, is_new) = match timeout(MAX_WAIT, attempt).await {
            Ok(Ok(status)) => (status.last_failure.is_some(), status.completed > begun),
            // The wait took too long, or the task is gone.
            _ => (true, false),
        };
        let keys = self.current()?;
        if has_key(&keys) {
            shared.counters.found_after_refresh.add_one();
        } else if failed {
            return Err(self.unavailable());
        } else if is_new {
            // The answer to an attempt that began before this request may be from before a rotation, so it proves
            // nothing.
            missing.remember(kid, algorithm);
        }
        Ok(keys)
    }

    pub(crate) async fn started(&self) {
        let mut status = self.source.shared.status.subscribe();
        // The attempt's own deadline ends this wait. The time limit is for a fetch that blocks its thread.
        let limit = if self.first > 1 { MAX_ORDER_WAIT } else { MAX_WAIT };
        let _ = timeout(limit, status.wait_for(|status| status.completed >= self.first)).await;
    }

    /// Resolves once there are keys.
    pub(crate) async fn wait_until_ready(&self) {
        let mut status = self.source.shared.status.subscribe();
        // Reads only the keys, since the status is locked here. `self` keeps the sender alive, so the wait ends only
        // when there are keys.
        let _ = status.wait_for(|_| self.fresh_keys().is_some()).await;
    }

    /// Reports on the keys for this issuer. The source may be named after another issuer that shares it.
    pub(crate) fn report(&self, issuer: &Arc<str>) -> KeyReport {
        let shared = &self.source.shared;
        KeyReport {
            issuer: Arc::clone(issuer),
            set: self.fresh_keys().map(|keys| keys.set),
            age: shared.cached.load().as_ref().map(|held| held.since.elapsed()),
            counts: shared.counters.read(),
            last_failure: shared.status.borrow().last_failure.clone(),
        }
    }

    /// The keys, unless the issuer has not confirmed them for too long.
    fn fresh_keys(&self) -> Option<CurrentKeys> {
        let held = self.source.shared.cached.load();
        let held = held.as_ref()?;
        let valid_for = self.max_age.checked_sub(held.since.elapsed())?;
        Some(CurrentKeys { set: Arc::clone(&held.keys), valid_for })
    }

    fn unavailable(&self) -> Unavailable {
        let (now, next_attempt, cooling_until) = {
            let status = self.source.shared.status.borrow();
            (Instant::now(), status.next_attempt, status.cooling_until)
        };
        // If there are keys, an unknown key may cause an attempt as soon as the cool-down ends.
        let next = if self.fresh_keys().is_some() { cooling_until.min(next_attempt) } else { next_attempt };
        Unavailable {
            retry_after: Duration::from_secs(next.saturating_duration_since(now).as_secs() + 1),
            dependency: Dependency::Keys,
        }
    }
}

impl Drop for RemoteSource {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for RemoteSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteSource").field("issuer", &self.shared.issuer).finish_non_exhaustive()
    }
}

impl fmt::Debug for RemoteKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteKeys").field("held", &self.current().ok().map(|keys| keys.set)).finish_non_exhaustive()
    }
}
