//! Public keys: parsing, sets, and fetching them in the background.
//!
//! Nothing here knows tokens or claims.

pub(crate) mod algorithm;
pub(crate) mod current_keys;
pub(crate) mod fetch;
#[cfg(feature = "jsonwebtoken")]
pub(crate) mod jsonwebtoken;
pub(crate) mod jwk;
pub(crate) mod jwks;
pub(crate) mod key_set;
pub(crate) mod negative_cache;
pub(crate) mod refresh_error;
pub(crate) mod refresh_schedule;
pub(crate) mod refresher;
pub(crate) mod remote;
pub(crate) mod remote_state;
pub(crate) mod report;
pub(crate) mod roca;
pub(crate) mod shared;
pub(crate) mod source;
pub(crate) mod spki;
