//! Groups, roles and permissions from outside the token: who supplies them, and the cache.
//!
//! Tokens are not known here, only callers.

pub(crate) mod cache;
pub(crate) mod caller_id;
pub(crate) mod provider;
