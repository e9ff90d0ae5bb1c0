//! What tests across the crates share.

mod journal;

pub use journal::Journal;
