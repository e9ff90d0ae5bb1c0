//! Extractors: one file each.
//!
//! They run inside a handler. Guards around routes are in `layer/`.

pub(crate) mod current_user;
pub(crate) mod principal;
pub(crate) mod require;
