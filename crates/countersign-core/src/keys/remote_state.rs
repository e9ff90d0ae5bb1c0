//! The state that the refresher and the requests share.

use crate::keys::key_set::KeySet;
use crate::keys::report::Counters;
use arc_swap::ArcSwapOption;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

/// The whole time of one attempt, discovery included.
pub(crate) const ATTEMPT_DEADLINE: Duration = Duration::from_secs(5);

/// The longest time for which keys are valid without being confirmed by the issuer.
pub(crate) const MAX_STALENESS: Duration = Duration::from_secs(24 * 60 * 60);

/// The state that the refresher and the requests share.
pub(crate) struct Shared {
    pub(crate) issuer: Arc<str>,
    pub(crate) cached: ArcSwapOption<CachedKeys>,
    pub(crate) status: watch::Sender<Status>,
    /// Notified when a request needs an unknown key.
    pub(crate) refresh_requested: Notify,
    /// Notified when the status has a new order or another maximum age.
    pub(crate) changed: Notify,
    pub(crate) counters: Counters,
}

/// The last good keys.
pub(crate) struct CachedKeys {
    pub(crate) keys: Arc<KeySet>,
    /// When the issuer last confirmed them.
    pub(crate) since: Instant,
    pub(crate) etag: Option<Arc<str>>,
}

/// The progress of the attempts, which are numbered from 1.
#[derive(Clone)]
pub(crate) struct Status {
    /// The last attempt that began.
    pub(crate) started: u64,
    /// The last attempt that ended.
    pub(crate) completed: u64,
    pub(crate) last_failure: Option<Arc<str>>,
    pub(crate) next_attempt: Instant,
    /// The end of the cool-down: before it, no unknown key causes an attempt.
    pub(crate) cooling_until: Instant,
    /// The attempt that was ordered last.
    pub(crate) ordered: u64,
    /// The least of what the verifiers that use the keys allow.
    pub(crate) max_age: Duration,
}

impl Status {
    /// True if an ordered attempt has not begun.
    pub(crate) fn is_ordered(&self) -> bool {
        self.ordered > self.started
    }

    pub(crate) fn is_cooling(&self) -> bool {
        Instant::now() < self.cooling_until
    }
}

impl Shared {
    /// Resolves when an attempt is ordered after the one that is under way.
    pub(crate) async fn ordered(&self) {
        loop {
            self.changed.notified().await;
            if self.status.borrow().is_ordered() {
                return;
            }
        }
    }

    /// Refreshes often enough for keys of at most this age.
    pub(crate) fn limit_age(&self, max_age: Duration) {
        self.status.send_if_modified(|status| {
            if max_age < status.max_age {
                status.max_age = max_age;
                if let Some(held) = &*self.cached.load() {
                    status.next_attempt = status.next_attempt.min(held.since + max_age.mul_f64(0.75));
                }
            }
            false // only the refresher need know
        });
        self.changed.notify_one();
    }

    /// Orders an attempt, and gives its number.
    pub(crate) fn order(&self) -> u64 {
        let mut number = 0;
        self.status.send_if_modified(|status| {
            status.ordered = status.started + 1;
            number = status.ordered;
            false // only the refresher need know
        });
        self.changed.notify_one();
        number
    }
}
