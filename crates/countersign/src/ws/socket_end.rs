//! The end of a socket's token, for both halves of the socket.

use crate::extract::principal::Principal;
use crate::verifier::Verifier;
use crate::ws::token_expiry::TokenExpiry;
use std::pin::Pin;
use std::task::{Context, Waker};

/// The direction of an operation on a socket. After a split the two are in two tasks, and a timer wakes only one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Half {
    Reading,
    Writing,
}

/// A timer and a waker for each half of a socket.
#[derive(Debug)]
pub(crate) struct SocketEnd {
    reading: Watch,
    writing: Watch,
}

#[derive(Debug)]
struct Watch {
    expiry: TokenExpiry,
    /// The task that polled this half last. The timer knows it, too, but does not give it out.
    task: Option<Waker>,
}

impl SocketEnd {
    pub(crate) fn of(principal: &Principal, verifier: &Verifier) -> Self {
        let watch = || Watch { expiry: TokenExpiry::of(principal, verifier), task: None };
        Self { reading: watch(), writing: watch() }
    }

    /// True when the token has expired. Else the task is woken when it does, or when the other half sees it first.
    pub(crate) fn is_due(&mut self, half: Half, context: &mut Context<'_>) -> bool {
        let watch = match half {
            Half::Reading => &mut self.reading,
            Half::Writing => &mut self.writing,
        };
        match &mut watch.task {
            Some(task) => task.clone_from(context.waker()),
            None => watch.task = Some(context.waker().clone()),
        }
        Pin::new(&mut watch.expiry).poll(context).is_ready()
    }

    /// True when the token has expired, where no task can wait for it.
    pub(crate) fn has_passed(&self) -> bool {
        self.writing.expiry.has_passed()
    }

    /// Wakes the tasks of both halves, so that each looks again.
    pub(crate) fn wake(&mut self) {
        for watch in [&mut self.reading, &mut self.writing] {
            if let Some(task) = watch.task.take() {
                task.wake();
            }
        }
    }
}
