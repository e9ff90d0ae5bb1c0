//! Tokens before verification: size, three parts, header.
//!
//! Claims are not read here.

pub(crate) mod header_cache;
pub(crate) mod raw;
