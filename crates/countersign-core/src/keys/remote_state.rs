//! The state that the refresher and the requests share.

use crate::keys::key_set::KeySet;
use crate::keys::report::Counters;
use arc_swap::ArcSwapOption;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

/// The deadline of one attempt, including discovery.
pub(crate) const ATTEMPT_DEADLINE: Duration = Duration::from_secs(5);

/// The longest time for which keys are valid without confirmation by the issuer.
pub(crate) const MAX_STALENESS: Duration = Duration::from_secs(24 * 60 * 60);

/// The state that the refresher and the requests share.
pub(crate) struct Shared {
    pub(crate) issuer: Arc<str>,
    pub(crate) cached: ArcSwapOption<CachedKeys>,
    pub(crate) status: watch::Sender<Status>,
    /// Notified when a request needs an unknown key.
    pub(crate) refresh_requested: Notify,
    /// Notified when the status has a new order or a lower maximum age.
    pub(crate) changed: Notify,
    pub(crate) counters: Counters,
}

/// The last good keys.
pub(crate) struct CachedKeys {
    pub(crate) keys: Arc<KeySet>,
    /// The time of the issuer's last confirmation.
    pub(crate) since: Instant,
    pub(crate) etag: Option<Arc<str>>,
}

/// The progress of the attempts. They are numbered from 1.
#[derive(Clone)]
pub(crate) struct Status {
    /// The number of the last attempt that began.
    pub(crate) started: u64,
    /// The number of the last attempt that ended.
    pub(crate) completed: u64,
    pub(crate) last_failure: Option<Arc<str>>,
    pub(crate) next_attempt: Instant,
    /// The end of the cool-down. Until then, an unknown key causes no attempt.
    pub(crate) cooling_until: Instant,
    /// The number of the last ordered attempt.
    pub(crate) ordered: u64,
    /// The lowest maximum age among the verifiers that share the keys.
    pub(crate) max_age: Duration,
}

impl Status {
    /// True if an ordered attempt has not begun yet.
    pub(crate) fn is_ordered(&self) -> bool {
        self.ordered > self.started
    }

    pub(crate) fn is_cooling(&self) -> bool {
        Instant::now() < self.cooling_until
    }
}

impl Shared {
    /// Resolves when a further attempt is ordered during the current one.
    pub(crate) async fn ordered(&self) {
        loop {
            self.changed.notified().await;
            if self.status.borrow().is_ordered() {
                return;
            }
        }
    }

    /// Lowers the maximum age of the keys, and brings the next refresh forward if necessary.
    pub(crate) fn limit_age(&self, max_age: Duration) {
        self.status.send_if_modified(|status| {
            if max_age < status.max_age {
                status.max_age = max_age;
                if let Some(held) = &*self.cached.load() {
                    status.next_attempt = status.next_attempt.min(held.since + max_age.mul_f64(0.75));
                }
            }
            false // waiters need no notification, only the refresher does
        });
        self.changed.notify_one();
    }

    /// Orders an attempt and returns its number.
    pub(crate) fn order(&self) -> u64 {
        let mut number = 0;
        self.status.send_if_modified(|status| {
            status.ordered = status.started + 1;
            number = status.ordered;
            false // waiters need no notification, only the refresher does
        });
        self.changed.notify_one();
        number
    }
}
