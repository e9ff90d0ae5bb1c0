//! Keys that are fetched, as requests see them: a snapshot, and a wait for newer ones.
//!
//! The issuer's [`Keeper`] makes every attempt, in one task, so two can never run at once, and a request that gives up
//! waiting takes nothing with it. Requests read an atomic snapshot; only one that names an unknown key ever waits, and
//! never for more than [`MAX_WAIT`].
//!
//! # Why nobody waits in vain
//!
//! A request reads the status, and wishes for an attempt, under the status's read lock; the keeper changes the status
//! under its write lock. So a wish finds the keeper at one of two places. Between attempts: the wish stays (a [`Notify`]
//! keeps one) until the keeper looks, and it begins an attempt. Within an attempt that began before the wish: one that was
//! merely due is given up for a new one; one that an unknown key caused answers this request as well, since a cool-down
//! follows it. Either way an attempt ends after the wish, within its deadline, and the request sees it end, since it subscribed
//! before it wished. No lock is held while anything waits and the keeper waits for no request, so there is no
//! circle to be caught in. Were all of this wrong, the request's own deadline would end its wait, with a 503.

use crate::algorithm::{Algorithm, Algorithms};
use crate::error::{Dependency, TokenError, Unavailable};
use crate::fetch::Fetch;
use crate::keeper::{ATTEMPT_DEADLINE, Keeper};
use crate::key_report::{Counters, KeyReport};
use crate::key_set::KeySet;
use crate::key_source::CurrentKeys;
use crate::missing_keys::MissingKeys;
use arc_swap::ArcSwapOption;
use std::fmt;
use std::sync::{Arc, Once};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};

/// Whoever waits for an attempt waits a little longer than it may take, so as to see the end of it.
const MAX_WAIT: Duration = ATTEMPT_DEADLINE.saturating_add(Duration::from_millis(250));
/// Keys that could not be confirmed for so long are not believed any more.
pub(crate) const MAX_STALENESS: Duration = Duration::from_secs(24 * 60 * 60);

/// The keys of a remote issuer. Dropping it ends its task.
pub(crate) struct RemoteKeys {
    shared: Arc<Shared>,
    missing: MissingKeys,
    task: AbortHandle,
    complaint: Once,
}

/// What the keeper and the requests both see.
pub(crate) struct Shared {
    pub(crate) issuer: Arc<str>,
    pub(crate) held: ArcSwapOption<Held>,
    pub(crate) status: watch::Sender<Status>,
    /// A wish for an attempt.
    pub(crate) wanted: Notify,
    pub(crate) counters: Counters,
}

/// The last good keys.
pub(crate) struct Held {
    pub(crate) keys: Arc<KeySet>,
    /// When the issuer last confirmed them.
    pub(crate) since: Instant,
    pub(crate) etag: Option<Arc<str>>,
}

/// How the attempts go. They are numbered from 1.
#[derive(Clone)]
pub(crate) struct Status {
    /// The last attempt that began.
    pub(crate) started: u64,
    /// The last attempt that ended.
    pub(crate) completed: u64,
    pub(crate) last_failure: Option<Arc<str>>,
    pub(crate) next_attempt: Instant,
    /// Until when no unknown key causes an attempt.
    pub(crate) cooling_until: Instant,
}

impl Status {
    pub(crate) fn is_cooling(&self) -> bool {
        Instant::now() < self.cooling_until
    }
}

impl RemoteKeys {
    /// Starts the task and its first attempt.
    ///
    /// Must be called within a tokio runtime.
    pub(crate) fn spawn(issuer: Arc<str>, allowed: Algorithms, fetch: Arc<dyn Fetch>) -> Self {
        let now = Instant::now();
        let status = Status { started: 0, completed: 0, last_failure: None, next_attempt: now, cooling_until: now };
        let shared = Arc::new(Shared {
            issuer,
            held: ArcSwapOption::empty(),
            status: watch::Sender::new(status),
            wanted: Notify::new(),
            counters: Counters::default(),
        });
        let keeper = Keeper::new(Arc::clone(&shared), allowed, fetch);
        Self {
            shared,
            missing: MissingKeys::new(),
            task: tokio::spawn(keeper.run()).abort_handle(),
            complaint: Once::new(),
        }
    }

    pub(crate) fn current(&self) -> Result<CurrentKeys, Unavailable> {
        self.fresh_keys().ok_or_else(|| self.unavailable())
    }

    /// Whether keys are there, and somebody keeps them fresh.
    pub(crate) fn ready(&self) -> Result<(), Unavailable> {
        if self.task.is_finished() { Err(self.unavailable()) } else { self.current().map(drop) }
    }

    /// The keys after an attempt to get one that is not among the current ones; at once where the cool-down forbids an
    /// attempt, and where one has shown already that the issuer does not have the key.
    pub(crate) async fn renewed(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<CurrentKeys, Unavailable> {
        self.shared.counters.unknown.add_one();
        if self.task.is_finished() {
            // The runtime that the verifier was built in is gone, and with it whoever could fetch.
            self.complaint.call_once(|| {
                tracing::error!(target: "countersign::keys", "keys are not refreshed any more: build the verifier in the runtime that uses it");
            });
            return Err(self.unavailable());
        }
        if self.missing.contains(kid, algorithm) {
            return self.current();
        }
        let mut status = self.shared.status.subscribe();
        let (begun, ended) = {
            let status = status.borrow();
            if status.is_cooling() {
                // The answer of the last attempt is as good as one that may not be asked for.
                return if status.last_failure.is_some() { Err(self.unavailable()) } else { self.current() };
            }
            // Under the lock, see above.
            self.shared.wanted.notify_one();
            (status.started, status.completed)
        };
        let has_key = |keys: &CurrentKeys| !matches!(keys.set.select(kid, algorithm), Err(TokenError::UnknownKey));
        // Looks at the keys alone: the status is locked meanwhile.
        let attempt = status.wait_for(|status| {
            let is_answered = status.completed > begun || (status.completed > ended && status.is_cooling());
            is_answered || self.fresh_keys().as_ref().is_some_and(has_key)
        });
        let (failed, is_new) = match timeout(MAX_WAIT, attempt).await {
            Ok(Ok(status)) => (status.last_failure.is_some(), status.completed > begun),
            // The wait was too long, or the task is gone.
            _ => (true, false),
        };
        let keys = self.current()?;
        if has_key(&keys) {
            self.shared.counters.rescued.add_one();
        } else if failed {
            return Err(self.unavailable());
        } else if is_new {
            // An attempt that began before this request may have been answered before a rotation, and shows nothing.
            self.missing.remember(kid, algorithm);
        }
        Ok(keys)
    }

    pub(crate) async fn started(&self) {
        let mut status = self.shared.status.subscribe();
        // The deadline of the attempt bounds this; the time limit is for a fetch that blocks its thread.
        let _ = timeout(MAX_WAIT, status.wait_for(|status| status.completed > 0)).await;
    }

    /// Resolves when there are keys.
    pub(crate) async fn until_ready(&self) {
        let mut status = self.shared.status.subscribe();
        // Looks at the keys alone: the status is locked meanwhile. Its sender lives as long as `self`, so that this ends
        // only when it should.
        let _ = status.wait_for(|_| self.fresh_keys().is_some()).await;
    }

    pub(crate) fn report(&self) -> KeyReport {
        KeyReport {
            issuer: Arc::clone(&self.shared.issuer),
            set: self.fresh_keys().map(|keys| keys.set),
            age: self.shared.held.load().as_ref().map(|held| held.since.elapsed()),
            counts: self.shared.counters.read(),
            last_failure: self.shared.status.borrow().last_failure.clone(),
        }
    }

    /// The keys, unless they could not be confirmed for too long.
    fn fresh_keys(&self) -> Option<CurrentKeys> {
        let held = self.shared.held.load();
        let held = held.as_ref()?;
        let believed_for = MAX_STALENESS.checked_sub(held.since.elapsed())?;
        Some(CurrentKeys { set: Arc::clone(&held.keys), believed_for })
    }

    fn unavailable(&self) -> Unavailable {
        let (now, next_attempt, cooling_until) = {
            let status = self.shared.status.borrow();
            (Instant::now(), status.next_attempt, status.cooling_until)
        };
        // While there are keys an unknown one may cause an attempt as soon as nothing forbids it.
        let next = if self.fresh_keys().is_some() { cooling_until.min(next_attempt) } else { next_attempt };
        Unavailable {
            retry_after: Duration::from_secs(next.saturating_duration_since(now).as_secs() + 1),
            dependency: Dependency::Keys,
        }
    }
}

impl Drop for RemoteKeys {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for RemoteKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteKeys").field("held", &self.current().ok().map(|keys| keys.set)).finish_non_exhaustive()
    }
}
