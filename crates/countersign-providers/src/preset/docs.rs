//! What the reference says of a preset beside what is read out of the preset itself.

use crate::preset::environment::Variable;

/// A preset's section of `docs/reference/providers.md`.
#[derive(Clone, Copy, Debug)]
pub struct PresetDocs {
    /// The provider's name.
    pub name: &'static str,
    /// The least that a program says, in Rust.
    pub constructor: &'static str,
    /// The variables of `from_env`.
    pub variables: &'static [Variable],
    /// Where to click in the provider's console for what the constructor takes.
    pub console: &'static str,
    /// What surprises, in Markdown: one paragraph each.
    pub quirks: &'static [&'static str],
    /// The provider's own pages that all this was taken from.
    pub sources: &'static [&'static str],
}
