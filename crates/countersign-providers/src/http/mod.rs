//! Fetching discovery documents and keys: bounded, over https, from public addresses.

pub(crate) mod address;
pub(crate) mod discovery;
pub(crate) mod documents;
pub(crate) mod fetch;
pub(crate) mod fetching;
pub(crate) mod headers;
pub(crate) mod url_policy;
