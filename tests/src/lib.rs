//! Shared helpers of the end-to-end tests.

mod journal;

pub use journal::Journal;
