//! The task that fetches an issuer's keys: on schedule, after a failure, on order, and for an unknown key.

use crate::keys::algorithm::Algorithms;
use crate::keys::fetch::{FetchError, FetchJwks};
use crate::keys::key_set::KeySet;
use crate::keys::refresh_schedule::{COOL_DOWN, RefreshSchedule};
use crate::keys::remote_state::{ATTEMPT_DEADLINE, CachedKeys, Shared};
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

/// Makes every attempt of one issuer, or of several issuers that share their keys, one after the other.
pub(crate) struct JwksRefresher {
    shared: Arc<Shared>,
    allowed: Algorithms,
    fetch: Arc<dyn FetchJwks>,
    schedule: RefreshSchedule,
}

/// The result of an attempt.
struct NewKeys {
    keys: Arc<KeySet>,
    etag: Option<Arc<str>>,
    lifetime: Option<Duration>,
}

/// The cause of an attempt.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// The schedule: the first attempt, a refresh, or a retry.
    Scheduled,
    /// An order of the program: [`Verifier::refresh_keys_now`](crate::Verifier::refresh_keys_now), or another verifier
    /// that begins to share the keys.
    Ordered,
    /// A token that names an unknown key.
    UnknownKey,
}

impl JwksRefresher {
    pub(crate) fn new(shared: Arc<Shared>, allowed: Algorithms, fetch: Arc<dyn FetchJwks>) -> Self {
        Self { shared, allowed, fetch, schedule: RefreshSchedule::new() }
    }

    pub(crate) async fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        self.attempt_unless_requested(Cause::Scheduled).await;
        loop {
            let (next_attempt, cooling_until, is_cooling, is_ordered) = {
                let status = shared.status.borrow();
                (status.next_attempt, status.cooling_until, status.is_cooling(), status.is_ordered())
            };
            if is_ordered {
                self.attempt_unless_requested(Cause::Ordered).await;
                continue;
            }
            tokio::select! {
                biased; // one attempt serves both if both are due
                // The status tells an order from a new maximum age.
                () = shared.changed.notified() => {}
                () = shared.refresh_requested.notified(), if !is_cooling => self.attempt(Cause::UnknownKey).await,
                () = sleep_until(next_attempt) => self.attempt_unless_requested(Cause::Scheduled).await,
                () = sleep_until(cooling_until), if is_cooling => {}
            }
        }
    }

    /// Makes an attempt that no unknown key caused. If a request asks for an unknown key or the program orders an
    /// attempt during the fetch, the fetch is restarted, since the running one may predate the rotation.
    async fn attempt_unless_requested(&mut self, mut cause: Cause) {
        let shared = Arc::clone(&self.shared);
        let has_keys = shared.cached.load().is_some();
        // At most three rounds: scheduled, ordered, for an unknown key. The third is never cancelled.
        while cause != Cause::UnknownKey {
            cause = tokio::select! {
                biased;
                () = self.attempt(cause) => return,
                // Without keys no request asks for an unknown one, and during a cool-down none may.
                () = shared.refresh_requested.notified(), if has_keys && !shared.status.borrow().is_cooling() => Cause::UnknownKey,
                // An ordered attempt is not cancelled for the next order, or repeated orders could starve it.
                () = shared.ordered(), if cause == Cause::Scheduled => Cause::Ordered,
            };
        }
        self.attempt(cause).await;
    }

    async fn attempt(&mut self, cause: Cause) {
        let start = Instant::now();
        let mut number = 0;
        self.shared.status.send_if_modified(|status| {
            status.started += 1;
            number = status.started;
            false // no request waits for the start of an attempt
        });
        let outcome = self.fetch().await.map(|fetched| self.accept(fetched));
        self.count(cause, &outcome);
        let failure = outcome.as_ref().err().map(|error| self.describe(error));
        let has_keys = self.shared.cached.load().is_some();
        self.shared.status.send_modify(|status| {
            status.completed = number;
            status.last_failure = failure;
            match &outcome {
                Ok(lifetime) => {
                    self.schedule.reset();
                    status.next_attempt = start + self.schedule.refresh(*lifetime, status.max_age);
                    // If an outage made the cool-down longer, the success restores its normal length.
                    let cooled = start + COOL_DOWN;
                    let demanded = cause == Cause::UnknownKey;
                    status.cooling_until = if demanded { cooled } else { status.cooling_until.min(cooled) };
                }
                Err(error) => {
                    let now = Instant::now();
                    if cause == Cause::UnknownKey {
                        status.cooling_until = start + self.schedule.cool_down();
                    }
                    match cause {
                        // Requests for unknown keys must not delay the scheduled refresh.
                        Cause::UnknownKey if has_keys => {}
                        // An order never delays a scheduled attempt.
                        Cause::Ordered if has_keys => {
                            status.next_attempt = status.next_attempt.min(now + self.schedule.retry());
                        }
                        _ => status.next_attempt = now + self.schedule.retry(),
                    }
                    if let Some(quiet) = error.retry_after.map(RefreshSchedule::quiet) {
                        status.next_attempt = status.next_attempt.max(now + quiet);
                        status.cooling_until = status.cooling_until.max(now + quiet);
                    }
                }
            }
        });
        if cause == Cause::UnknownKey {
            // This attempt also answers the requests that arrived during it. Their notification is dropped, so it does
            // not cause an attempt after the cool-down.
            tokio::select! {
                biased;
                () = self.shared.refresh_requested.notified() => {}
                () = std::future::ready(()) => {}
            }
        }
    }

    /// Fetches and parses in a separate task, so a panic there counts as a failed attempt and does no more harm. The
    /// task is aborted when the `JoinSet` that holds it is dropped.
    async fn fetch(&self) -> Result<NewKeys, FetchError> {
        let (fetch, allowed) = (Arc::clone(&self.fetch), self.allowed);
        let held = self.shared.cached.load_full();
        let mut task = JoinSet::new();
        task.spawn(async move {
            let known = held.as_ref().and_then(|held| held.etag.clone());
            let fetched = fetch.fetch(known).await?;
            let (keys, etag) = match (fetched.jwks, held) {
                (Some(jwks), _) => (Arc::new(read(&jwks, allowed)?), fetched.etag),
                (None, Some(held)) => (Arc::clone(&held.keys), held.etag.clone()),
                (None, None) => {
                    return Err(
                        "the provider answered that the keys have not changed, but no keys were fetched before".into(),
                    );
                }
            };
            Ok(NewKeys { keys, etag, lifetime: fetched.lifetime })
        });
        match timeout(ATTEMPT_DEADLINE, task.join_next()).await {
            Ok(Some(Ok(answer))) => answer,
            Ok(Some(Err(panic))) => Err(FetchError::new("fetching keys panicked", panic)),
            Ok(None) => Err("fetching keys ended without an answer".into()),
            Err(elapsed) => Err(FetchError::new("no answer within 5 seconds", elapsed)),
        }
    }

    /// Takes keys into use, and returns the lifetime that came with them.
    fn accept(&self, new: NewKeys) -> Option<Duration> {
        let held = self.shared.cached.load_full();
        let (keys, has_changed) = match &held {
            Some(held) => new.keys.replacing(&held.keys),
            None => (new.keys, true),
        };
        let issuer = &*self.shared.issuer;
        if has_changed {
            self.shared.counters.changes.add_one();
            tracing::info!(target: "countersign::keys", issuer, kids = ?kids(&keys), "keys changed");
            for skipped in keys.skipped() {
                let kid = skipped.kid.as_deref().map(shortened);
                tracing::info!(target: "countersign::keys", issuer, kid, reason = %skipped.reason, "key skipped");
            }
            if keys.is_ambiguous() {
                tracing::warn!(target: "countersign::keys", issuer, "ambiguous key set: two keys match the same `kid` and `alg`; neither is used");
            }
        } else {
            tracing::debug!(target: "countersign::keys", issuer, kids = ?kids(&keys), "keys confirmed");
        }
        self.shared.cached.store(Some(Arc::new(CachedKeys { keys, since: Instant::now(), etag: new.etag })));
        new.lifetime
    }

    fn count(&self, cause: Cause, outcome: &Result<Option<Duration>, FetchError>) {
        let counters = &self.shared.counters;
        counters.attempts.add_one();
        if outcome.is_err() {
            counters.failures.add_one();
        }
        if cause == Cause::UnknownKey {
            counters.forced.add_one();
        }
    }

    /// Reports the failure, in the log and for [`KeyReport`](crate::KeyReport).
    fn describe(&self, error: &FetchError) -> Arc<str> {
        let issuer = &*self.shared.issuer;
        let description = match error.source() {
            Some(source) => format!("{error}: {}", shortened(&innermost(source).to_string())),
            None => error.to_string(),
        };
        let max_age = self.shared.status.borrow().max_age;
        match &*self.shared.cached.load() {
            Some(held) if held.since.elapsed() <= max_age => {
                let age = held.since.elapsed().as_secs();
                tracing::warn!(target: "countersign::keys", issuer, age, "could not fetch keys; the last good keys stay in use: {description}");
            }
            Some(_) => {
                tracing::error!(target: "countersign::keys", issuer, "could not fetch keys; the last good keys are too old to use: {description}");
            }
            None => {
                tracing::error!(target: "countersign::keys", issuer, "could not fetch keys; none were fetched before: {description}")
            }
        }
        description.into()
    }
}

fn read(jwks: &[u8], allowed: Algorithms) -> Result<KeySet, FetchError> {
    let keys =
        KeySet::from_jwks(jwks, allowed).map_err(|error| FetchError::new("the answer is not a JWK set", error))?;
    // A set without a usable key is more likely a mistake than a decision to refuse all tokens, so the last good set
    // stays in use.
    if keys.is_empty() { Err("the answer holds no usable key".into()) } else { Ok(keys) }
}

/// Finds the first cause: "connection refused" says more than "error sending request".
fn innermost<'a>(mut error: &'a (dyn std::error::Error + 'static)) -> &'a (dyn std::error::Error + 'static) {
    // Bounded, since the chain may come from foreign code.
    for _ in 0..10 {
        let Some(source) = error.source() else { break };
        error = source;
    }
    error
}

fn kids(keys: &KeySet) -> Vec<Option<String>> {
    keys.iter().map(|(kid, _)| kid.map(shortened)).collect()
}

/// Makes text from outside safe for a log: of bounded length, without line breaks or escape sequences.
fn shortened(text: &str) -> String {
    text.chars().take(200).flat_map(char::escape_debug).collect()
}
