//! The end of a token, to wait for.

use crate::extract::principal::Principal;
use crate::verifier::Verifier;
use countersign_core::{Clock, UnixTime};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};

/// The interval at which the clock is read: no timer notices a clock that was set or a machine that slept.
const LOOK: Duration = Duration::from_secs(30);

/// Resolves when a token expires by the verifier's clock, at the second of its `exp` without leeway: for work that
/// outlives the request with the token, such as a stream of events.
///
/// # Example
///
/// ```
/// # use countersign::ws::TokenExpiry;
/// # use countersign::{Principal, Verifier};
/// # async fn event() -> String { String::new() }
/// async fn next_event(principal: &Principal, verifier: &Verifier) -> Option<String> {
///     tokio::select! {
///         () = TokenExpiry::of(principal, verifier) => None,
///         event = event() => Some(event),
///     }
/// }
/// ```
pub struct TokenExpiry {
    clock: Arc<dyn Clock>,
    expires: UnixTime,
    sleep: Pin<Box<Sleep>>,
}

impl TokenExpiry {
    /// The end of the caller's token.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with time enabled.
    pub fn of(principal: &Principal, verifier: &Verifier) -> Self {
        let (clock, expires) = (Arc::clone(verifier.clock()), principal.token().expires_at());
        let left = expires.saturating_duration_since(clock.now());
        Self { clock, expires, sleep: Box::pin(sleep(left.min(LOOK))) }
    }

    pub(crate) fn has_passed(&self) -> bool {
        self.left().is_zero()
    }

    fn left(&self) -> Duration {
        self.expires.saturating_duration_since(self.clock.now())
    }
}

impl Future for TokenExpiry {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let left = self.left();
            if left.is_zero() {
                return Poll::Ready(());
            }
            ready!(self.sleep.as_mut().poll(context));
            self.sleep.as_mut().reset(Instant::now() + left.min(LOOK));
        }
    }
}

impl fmt::Debug for TokenExpiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenExpiry").field("expires_at", &self.expires).finish_non_exhaustive()
    }
}
