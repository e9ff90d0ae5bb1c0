//! Configuration out of the environment: documented names, and errors that name the variable.

use countersign_core::ConfigError;
use std::fmt;

/// A variable that a preset reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub what: &'static str,
    /// Whether the preset cannot do without it.
    pub is_needed: bool,
}

impl Variable {
    /// A variable that a preset cannot do without.
    pub(crate) const fn needed(name: &'static str, what: &'static str) -> Self {
        Self { name, what, is_needed: true }
    }

    /// A variable that may be left out.
    pub(crate) const fn optional(name: &'static str, what: &'static str) -> Self {
        Self { name, what, is_needed: false }
    }
}

/// The environment as a preset sees it.
pub struct Environment<'a>(&'a dyn Fn(&str) -> Option<String>);

impl<'a> Environment<'a> {
    /// Variables from wherever.
    pub fn new(variable: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self(variable)
    }

    /// The value. An empty variable is a forgotten one, never a value.
    pub(crate) fn value(&self, variable: &Variable) -> Result<String, ConfigError> {
        self.optional(variable).ok_or(ConfigError::MissingVariable { name: variable.name, what: variable.what })
    }

    /// The value, where there is one.
    pub(crate) fn optional(&self, variable: &Variable) -> Option<String> {
        (self.0)(variable.name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// Several values, separated by commas.
    pub(crate) fn list(&self, variable: &Variable) -> Vec<String> {
        let text = self.optional(variable).unwrap_or_default();
        text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
    }

    /// As [`list`](Self::list), with at least one.
    pub(crate) fn needed_list(&self, variable: &Variable) -> Result<Vec<String>, ConfigError> {
        self.value(variable)?;
        Ok(self.list(variable))
    }
}

impl fmt::Debug for Environment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}
