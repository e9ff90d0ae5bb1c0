//! Rejected requests: the reasons as data, and the HTTP answers rendered from one table.
//!
//! Nothing here verifies a token.

pub(crate) mod challenge;
pub(crate) mod code;
pub(crate) mod data;
pub(crate) mod kind;
pub(crate) mod render;
pub(crate) mod row;

pub use code::RejectionCode;
pub use data::Rejection;
pub use kind::RejectionKind;
