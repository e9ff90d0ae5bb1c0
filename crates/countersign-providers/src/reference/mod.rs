//! Generates the reference of all presets from the presets themselves.

pub(crate) mod catalogue;

use crate::preset::into_issuer::Description;
use crate::preset::key_location::{KeyLocation, discovery_url};
use crate::preset::profile::{Form, Tenants};
use crate::reference::catalogue::{Entry, catalogue};
use std::fmt::Write;

const HEAD: &str = "\
# Providers

Generated from the presets by `cargo test -p countersign-tests --test provider_reference`; do not edit. The tables
state what is enforced. Each table belongs to the program above it, with a client added if ID tokens need one.
`.claim_map(..)` replaces the claims that scopes, groups and the like are read from.

";

/// Generates `docs/reference/providers.md`.
///
/// # Panics
///
/// Panics if the example of a preset is refused, which its tests would find first.
#[doc(hidden)]
pub fn reference() -> String {
    let mut text = HEAD.to_owned();
    let entries = catalogue();
    for entry in &entries {
        let anchor: String = entry.page.name.to_lowercase().chars().filter_map(anchor).collect();
        let _ = writeln!(text, "- [{}](#{anchor})", entry.page.name);
    }
    entries.iter().for_each(|entry| section(&mut text, entry));
    text
}

/// Converts a letter of a heading to a letter of GitHub's anchor.
fn anchor(letter: char) -> Option<char> {
    match letter {
        ' ' => Some('-'),
        letter if letter.is_alphanumeric() || letter == '-' => Some(letter),
        _ => None,
    }
}

fn section(text: &mut String, entry: &Entry) {
    let page = &entry.page;
    let description = (entry.describe)().unwrap_or_else(|error| panic!("the example of {}: {error}", page.name));
    let Description { accepted, profile } = description;
    let _ = write!(text, "\n## {}\n\n```rust\n{}\n```\n\n| | |\n|---|---|\n", page.name, page.constructor);
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(text, "| {name} | {value} |");
    };
    let names = std::iter::once(&*profile.iss).chain(profile.also_named.iter().map(String::as_str));
    row("issuer", &names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "));
    match &profile.tenants {
        None => {}
        Some(Tenants::Any) => row("tenants", "any"),
        Some(Tenants::Only(tenants)) => row("tenants", &tenants.join(", ")),
    }
    row("keys", &keys(&profile.keys));
    if profile.keys_by_issuer {
        row("", "each key verifies only tokens of the issuer that it names");
    }
    let algorithms: Vec<String> = profile.algorithms.iter().map(|algorithm| algorithm.to_string()).collect();
    row("algorithms", &algorithms.join(", "));
    for Form { kind, audience } in profile.forms(accepted) {
        row("accepts", &format!("{kind}; {audience}"));
    }
    if let (false, Some(Form { kind, audience })) = (profile.access.is_empty(), &profile.id) {
        row("with `.id_tokens()`", &format!("{kind}; {audience}"));
    }
    for rule in &profile.rules {
        row("requires", &rule.to_string());
    }
    for (part, places) in profile.claim_map.places() {
        row(part, &places);
    }
    let _ = write!(text, "\nIn the console: {}.\n", page.console);
    for quirk in page.quirks {
        let _ = write!(text, "\n- {quirk}");
    }
    text.push_str("\n\n`from_env()` reads\n\n| variable | meaning |\n|---|---|\n");
    for variable in (entry.variables)() {
        let optional = if variable.is_required { "" } else { " (optional)" };
        let _ = writeln!(text, "| `{}` | {}{optional} |", variable.name, variable.what);
    }
    let sources: Vec<String> = page.sources.iter().map(|source| format!("<{source}>")).collect();
    let _ = write!(text, "\nTaken from {}.\n", sources.join(", "));
}

fn keys(location: &KeyLocation) -> String {
    match location {
        KeyLocation::At(url) => format!("`{url}`"),
        KeyLocation::Discovered { base } => format!("by discovery at `{}`", discovery_url(base)),
    }
}
