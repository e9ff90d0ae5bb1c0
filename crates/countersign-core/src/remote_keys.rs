//! Keys that are fetched: lifetime, cool-down, single flight, last good keys.
//!
//! One task per issuer makes every attempt, so two can never run at once, and a request that gives up waiting takes
//! nothing with it. Requests read an atomic snapshot; only one that names an unknown key ever waits, and never for
//! more than [`MAX_WAIT`].

use crate::algorithm::Algorithms;
use crate::error::Unavailable;
use crate::fetch::{Fetch, FetchError, Fetched};
use crate::key_set::KeySet;
use arc_swap::ArcSwapOption;
use std::error::Error as _;
use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep_until, timeout};

/// The whole time of one attempt, discovery included.
const ATTEMPT_DEADLINE: Duration = Duration::from_secs(5);
/// A request waits for the attempt under way and for one of its own.
const MAX_WAIT: Duration = Duration::from_secs(10);
/// From the start of an attempt that an unknown key caused, no further unknown key causes another.
const COOL_DOWN: Duration = Duration::from_secs(30);
/// The lifetime of a set whose answer names none.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(10 * 60);
const MIN_LIFETIME: Duration = Duration::from_secs(60);
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// Keys that could not be confirmed for so long are not believed any more.
const MAX_STALENESS: Duration = Duration::from_secs(24 * 60 * 60);
/// The pause after a first failure; it doubles up to [`MAX_PAUSE`].
const MIN_PAUSE: Duration = Duration::from_secs(1);
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// The keys of a remote issuer. Dropping it ends its task.
pub(crate) struct RemoteKeys {
    shared: Arc<Shared>,
    task: AbortHandle,
}

struct Shared {
    held: ArcSwapOption<Held>,
    status: watch::Sender<Status>,
    wanted: Notify,
}

impl Shared {
    /// The keys, unless they could not be confirmed for too long.
    fn fresh_keys(&self) -> Option<Arc<KeySet>> {
        let held = self.held.load();
        let held = held.as_ref().filter(|held| held.since.elapsed() <= MAX_STALENESS)?;
        Some(Arc::clone(&held.keys))
    }
}

struct Held {
    keys: Arc<KeySet>,
    since: Instant,
    etag: Option<Arc<str>>,
}

#[derive(Clone, Copy)]
struct Status {
    started: u64,
    completed: u64,
    last_failed: bool,
    next_attempt: Instant,
    cooling_until: Option<Instant>,
}

impl Status {
    fn is_cooling(&self) -> bool {
        self.cooling_until.is_some_and(|until| Instant::now() < until)
    }
}

impl RemoteKeys {
    /// Starts the task and its first attempt.
    ///
    /// Must be called within a tokio runtime.
    pub(crate) fn spawn(issuer: Arc<str>, allowed: Algorithms, fetch: Arc<dyn Fetch>) -> Self {
        let next_attempt = Instant::now();
        let (status, _) =
            watch::channel(Status { started: 0, completed: 0, last_failed: false, next_attempt, cooling_until: None });
        let shared = Arc::new(Shared { held: ArcSwapOption::empty(), status, wanted: Notify::new() });
        let keeper = Keeper { issuer, allowed, fetch, shared: Arc::clone(&shared), pause: MIN_PAUSE };
        let task = tokio::spawn(keeper.run()).abort_handle();
        Self { shared, task }
    }

    pub(crate) fn current(&self) -> Result<Arc<KeySet>, Unavailable> {
        self.shared.fresh_keys().ok_or_else(|| self.unavailable())
    }

    /// Whether keys are there, and somebody keeps them fresh.
    pub(crate) fn ready(&self) -> Result<(), Unavailable> {
        if self.task.is_finished() { Err(self.unavailable()) } else { self.current().map(drop) }
    }

    /// Waits for an attempt that starts after this call, or for the one whose cool-down forbids another.
    pub(crate) async fn refresh(&self) -> Result<(), Unavailable> {
        if self.task.is_finished() {
            // The runtime that the verifier was built in is gone, and with it whoever could fetch.
            tracing::error!(target: "countersign::keys", "keys are not refreshed any more: build the verifier in the runtime that uses it");
            return Err(self.unavailable());
        }
        let mut status = self.shared.status.subscribe();
        let target = {
            let status = status.borrow();
            if !status.is_cooling() {
                self.shared.wanted.notify_one();
            }
            status.started + 1
        };
        let attempt = status.wait_for(|status| status.completed >= target || status.is_cooling());
        match timeout(MAX_WAIT, attempt).await {
            Ok(Ok(status)) if !status.last_failed => Ok(()),
            _ => Err(self.unavailable()),
        }
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
        let _ = status.wait_for(|_| self.shared.fresh_keys().is_some()).await;
    }

    fn unavailable(&self) -> Unavailable {
        let (now, status) = (Instant::now(), *self.shared.status.borrow());
        // Whichever comes first: the next attempt, or the end of what forbids an unknown key to cause one.
        let next = status.cooling_until.filter(|&until| until > now).unwrap_or(status.next_attempt);
        let retry_after = next.min(status.next_attempt).saturating_duration_since(now);
        Unavailable { retry_after: Duration::from_secs(retry_after.as_secs() + 1) }
    }
}

impl Drop for RemoteKeys {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for RemoteKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteKeys").field("held", &self.current().ok()).finish_non_exhaustive()
    }
}

/// The task's own state.
struct Keeper {
    issuer: Arc<str>,
    allowed: Algorithms,
    fetch: Arc<dyn Fetch>,
    shared: Arc<Shared>,
    pause: Duration,
}

impl Keeper {
    async fn run(mut self) {
        self.attempt(Cause::Schedule).await;
        loop {
            let (next_attempt, is_cooling) = {
                let status = self.shared.status.borrow();
                (status.next_attempt, status.is_cooling())
            };
            let shared = Arc::clone(&self.shared);
            tokio::select! {
                () = sleep_until(next_attempt) => self.attempt(Cause::Schedule).await,
                () = shared.wanted.notified(), if !is_cooling => self.attempt(Cause::UnknownKey).await,
                () = cooled(&shared), if is_cooling => {}
            }
        }
    }

    async fn attempt(&mut self, cause: Cause) {
        let start = Instant::now();
        self.shared.status.send_if_modified(|status| {
            status.started += 1;
            false // nobody waits for a start
        });
        let outcome = self.fetch().await.and_then(|fetched| self.accept(fetched));
        let next_attempt = match &outcome {
            Ok(lifetime) => {
                self.pause = MIN_PAUSE;
                // Early enough for some failures, and not at the moment when every other instance asks.
                Some(start + lifetime.mul_f64(0.75 + 0.1 * fraction()))
            }
            Err(error) => {
                let source = error.source().map(|source| source.to_string().chars().take(200).collect::<String>());
                tracing::warn!(target: "countersign::keys", issuer = &*self.issuer, %error, source, "keys not fetched");
                self.retry(cause)
            }
        };
        self.shared.status.send_modify(|status| {
            status.completed += 1;
            status.last_failed = outcome.is_err();
            status.next_attempt = next_attempt.unwrap_or(status.next_attempt);
            if let Cause::UnknownKey = cause {
                status.cooling_until = Some(start + COOL_DOWN);
            }
        });
        if let Cause::UnknownKey = cause {
            // Whoever asked meanwhile is answered by this attempt, and leaves no wish behind for after the cool-down.
            tokio::select! {
                biased;
                () = self.shared.wanted.notified() => {}
                () = std::future::ready(()) => {}
            }
        }
    }

    /// When to try again after a failure. Who names unknown keys has no say in it while there are keys: the next attempt
    /// stays where it was.
    fn retry(&mut self, cause: Cause) -> Option<Instant> {
        if let (Cause::UnknownKey, Some(_)) = (cause, &*self.shared.held.load()) {
            return None;
        }
        let pause = self.pause;
        self.pause = (pause * 2).min(MAX_PAUSE);
        Some(Instant::now() + pause.mul_f64(0.75 + 0.5 * fraction()))
    }

    /// Fetches in a task of its own, so that a panic there is a failed attempt and nothing worse. The task goes with the
    /// set that holds it.
    async fn fetch(&self) -> Result<Fetched, FetchError> {
        let fetch = Arc::clone(&self.fetch);
        let known = self.shared.held.load().as_ref().and_then(|held| held.etag.clone());
        let mut task = JoinSet::new();
        task.spawn(async move { fetch.fetch(known).await });
        match timeout(ATTEMPT_DEADLINE, task.join_next()).await {
            Ok(Some(Ok(answer))) => answer,
            Ok(Some(Err(panic))) => Err(FetchError::new("fetching keys panicked", panic)),
            Ok(None) => Err("fetching keys ended without an answer".into()),
            Err(elapsed) => Err(FetchError::new("no answer within 5 seconds", elapsed)),
        }
    }

    /// Takes an answer's keys into use, unless they are none.
    fn accept(&self, fetched: Fetched) -> Result<Duration, FetchError> {
        let (keys, etag) = match &fetched.jwks {
            Some(jwks) => (Arc::new(self.read(jwks)?), fetched.etag),
            None => match &*self.shared.held.load() {
                Some(held) => (Arc::clone(&held.keys), held.etag.clone()),
                None => return Err("the answer is that nothing has changed, but nothing was known".into()),
            },
        };
        self.shared.held.store(Some(Arc::new(Held { keys, since: Instant::now(), etag })));
        Ok(fetched.lifetime.map_or(DEFAULT_LIFETIME, |lifetime| lifetime.clamp(MIN_LIFETIME, MAX_LIFETIME)))
    }

    fn read(&self, jwks: &[u8]) -> Result<KeySet, FetchError> {
        let keys = KeySet::from_jwks(jwks, self.allowed)
            .map_err(|error| FetchError::new("the answer is not a JWK set", error))?;
        for skipped in keys.skipped() {
            let kid = skipped.kid.as_deref().map(|kid| kid.chars().take(200).collect::<String>());
            let reason = skipped.reason;
            tracing::debug!(target: "countersign::keys", issuer = &*self.issuer, kid, %reason, "key skipped");
        }
        if keys.is_empty() {
            return Err("the answer holds no usable key".into());
        }
        tracing::debug!(target: "countersign::keys", issuer = &*self.issuer, keys = keys.len(), "keys fetched");
        Ok(keys)
    }
}

/// A number from 0 to 1, another one each time. Not for secrets.
fn fraction() -> f64 {
    // The standard library seeds each `RandomState` anew.
    f64::from(RandomState::new().build_hasher().finish() as u32) / f64::from(u32::MAX)
}

#[derive(Clone, Copy)]
enum Cause {
    Schedule,
    UnknownKey,
}

async fn cooled(shared: &Shared) {
    let until = shared.status.borrow().cooling_until;
    if let Some(until) = until {
        sleep_until(until).await;
    }
}
