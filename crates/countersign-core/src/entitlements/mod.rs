//! Groups, roles and permissions from outside the token: their provider and their cache.
//!
//! This folder knows callers, but no tokens.

pub(crate) mod cache;
pub(crate) mod caller_id;
pub(crate) mod provider;
