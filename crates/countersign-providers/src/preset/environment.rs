//! Environment variables as data, and the one function that reads a provider out of them.

use crate::preset::provider::Provider;
use crate::preset::traits::Preset;
use countersign_core::ConfigError;
use std::fmt;

/// An environment variable that a preset reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// Its meaning, such as "the realm's name".
    pub what: &'static str,
    /// `true` if `from_env` fails without it.
    pub is_required: bool,
}

impl Variable {
    pub(crate) const fn required(name: &'static str, what: &'static str) -> Self {
        Self { name, what, is_required: true }
    }

    pub(crate) const fn optional(name: &'static str, what: &'static str) -> Self {
        Self { name, what, is_required: false }
    }
}

/// The environment variables of a preset, with the constructor and the settings that take them.
pub struct FromEnv<P: 'static> {
    pub(crate) constructor: Constructor<P>,
    pub(crate) settings: &'static [Setting<P>],
}

/// A preset's constructor, with the variables of its arguments.
pub(crate) enum Constructor<P> {
    Nothing(fn() -> Provider<P>),
    One(Variable, fn(String) -> Provider<P>),
    Two(Variable, Variable, fn(String, String) -> Provider<P>),
    /// A list, separated by commas.
    Each(Variable, fn(Vec<String>) -> Provider<P>),
}

/// A setting with its variable.
pub(crate) enum Setting<P> {
    /// A single value.
    One(Variable, fn(Provider<P>, String) -> Provider<P>),
    /// A list, separated by commas. The setting is called for each item.
    Each(Variable, fn(Provider<P>, String) -> Provider<P>),
}

impl<P: Preset> FromEnv<P> {
    /// The variables, in the order in which they are read.
    pub fn variables(&self) -> Vec<Variable> {
        let mut variables = match self.constructor {
            Constructor::Nothing(_) => Vec::new(),
            Constructor::One(variable, _) | Constructor::Each(variable, _) => vec![variable],
            Constructor::Two(first, second, _) => vec![first, second],
        };
        variables.extend(self.settings.iter().map(|setting| match setting {
            Setting::One(variable, _) | Setting::Each(variable, _) => *variable,
        }));
        variables
    }

    /// Makes the provider.
    ///
    /// # Errors
    ///
    /// [`ConfigError::MissingVariable`] for a required variable that is unset or empty.
    pub fn read(&self, environment: &Environment<'_>) -> Result<Provider<P>, ConfigError> {
        let mut provider = match &self.constructor {
            Constructor::Nothing(make) => make(),
            Constructor::One(variable, make) => make(environment.required(variable)?),
            Constructor::Two(first, second, make) => make(environment.required(first)?, environment.required(second)?),
            Constructor::Each(variable, make) => make(items(&environment.required(variable)?)),
        };
        for setting in self.settings {
            provider = match setting {
                Setting::One(variable, set) => environment.read(variable)?.into_iter().fold(provider, set),
                Setting::Each(variable, set) => {
                    let list = environment.read(variable)?.unwrap_or_default();
                    items(&list).into_iter().fold(provider, set)
                }
            };
        }
        Ok(provider)
    }
}

impl<P> fmt::Debug for FromEnv<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FromEnv")
    }
}

fn items(list: &str) -> Vec<String> {
    list.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// A source of environment variables: the process, or a table in tests.
pub struct Environment<'a>(&'a dyn Fn(&str) -> Option<String>);

impl<'a> Environment<'a> {
    /// Takes the function that looks a variable up by its name.
    pub fn new(variable: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self(variable)
    }

    /// The value, if the variable is set. An empty variable counts as unset.
    fn value(&self, variable: &Variable) -> Option<String> {
        (self.0)(variable.name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn required(&self, variable: &Variable) -> Result<String, ConfigError> {
        self.value(variable).ok_or(ConfigError::MissingVariable { name: variable.name, what: variable.what })
    }

    /// The value of a variable, which may be unset if it is optional.
    fn read(&self, variable: &Variable) -> Result<Option<String>, ConfigError> {
        if variable.is_required { self.required(variable).map(Some) } else { Ok(self.value(variable)) }
    }
}

impl fmt::Debug for Environment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}
