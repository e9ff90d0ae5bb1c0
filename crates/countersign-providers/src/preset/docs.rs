//! Text of the reference that cannot be read out of the preset itself.

/// A preset's section of `docs/reference/providers.md`.
#[derive(Clone, Copy, Debug)]
pub struct PresetDocs {
    /// The provider's name.
    pub name: &'static str,
    /// The shortest configuration that works, in Rust.
    pub constructor: &'static str,
    /// The place in the provider's console where the constructor's arguments are found.
    pub console: &'static str,
    /// Surprising behaviour of the provider, in Markdown: one paragraph each.
    pub quirks: &'static [&'static str],
    /// The provider's own pages that the preset was taken from.
    pub sources: &'static [&'static str],
}
