//! The parts that all presets share: settings, profile, environment variables.
//!
//! What one provider needs is in `presets/`.

pub(crate) mod docs;
pub(crate) mod environment;
pub(crate) mod profile;
pub(crate) mod provider;
pub(crate) mod unshown;
pub(crate) mod url_parts;
