//! Shared helpers of the end-to-end tests.

mod guide;
mod journal;
mod send;
mod unreachable_provider;

pub use guide::Guide;
pub use journal::Journal;
pub use send::{Answer, send};
pub use unreachable_provider::UnreachableProvider;

/// The programs of the first page.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// The programs of the guide to HTTP around a handler.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/web.md")]
struct WebGuide;
