//! The parts that all presets share: settings, profile, environment variables.
//!
//! Knowledge of one provider is in `presets/`, HTTP in `http/`.

pub(crate) mod docs;
pub(crate) mod environment;
pub(crate) mod from_env;
pub(crate) mod hidden_claims;
pub(crate) mod into_issuer;
pub(crate) mod key_location;
pub(crate) mod key_settings;
pub(crate) mod profile;
pub(crate) mod provider;
pub(crate) mod recipients;
pub(crate) mod traits;
pub(crate) mod url_parts;
