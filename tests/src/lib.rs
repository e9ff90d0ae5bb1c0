//! What tests across the crates share.

mod guide;
mod journal;

pub use guide::Guide;
pub use journal::Journal;

/// The programs of the first page.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// The programs of the guide to HTTP around a handler.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/web.md")]
struct WebGuide;
