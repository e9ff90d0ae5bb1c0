//! The table of one preset: `tests/corpus/presets/FILE.toml`.

use countersign_core::{NameSet, Principal};
use countersign_providers::__private::Kinds;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    /// A valid access token, or the token of a provider with one kind only.
    access: Option<Good>,
    /// A valid ID token.
    id: Option<Good>,
    /// Other valid tokens, as changes of one of these.
    #[serde(default)]
    accepted: Vec<AcceptedRow>,
    refused: Vec<RefusedRow>,
    /// Rows that do not apply to this provider, with reasons.
    #[serde(default)]
    not_applicable: BTreeMap<String, String>,
    /// The `issuer` member of the provider's JWKs.
    key_issuer: Option<String>,
    /// Values for the variables of `from_env`.
    environment: BTreeMap<String, String>,
}

/// A valid token.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Good {
    #[serde(default)]
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
    #[serde(default = "rs256")]
    pub(crate) alg: String,
    principal: Read,
}

fn rs256() -> String {
    "RS256".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AcceptedRow {
    name: String,
    #[serde(flatten)]
    change: Change,
    principal: Read,
}

#[derive(Deserialize)]
struct RefusedRow {
    name: String,
    verdict: String,
    #[serde(flatten)]
    change: Change,
}

/// The differences of a token from a valid one.
#[derive(Clone, Deserialize)]
pub(crate) struct Change {
    /// `access` or `id`.
    pub(crate) of: String,
    #[serde(default)]
    pub(crate) set: Map<String, Value>,
    #[serde(default)]
    pub(crate) remove: Vec<String>,
    #[serde(default)]
    pub(crate) header: Map<String, Value>,
    pub(crate) alg: Option<String>,
}

impl Change {
    fn none(of: &str) -> Self {
        Self { of: of.to_owned(), set: Map::new(), remove: Vec::new(), header: Map::new(), alg: None }
    }
}

/// The values that must be read from a token. Others are not checked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Read {
    subject: String,
    issuer: Option<String>,
    username: Option<String>,
    email: Option<String>,
    tenant: Option<String>,
    scopes: Option<Vec<String>>,
    groups: Option<Vec<String>>,
    groups_left_out: Option<bool>,
    roles: Option<Vec<String>>,
    permissions: Option<Vec<String>>,
    machine: bool,
}

pub(crate) enum Expected {
    Accepted(Box<Read>),
    Refused(Code),
}

/// The code of a rejection, or any.
pub(crate) struct Code(String);

impl Code {
    pub(crate) fn matches(&self, code: &str) -> bool {
        self.0 == "any" || self.0 == code
    }
}

/// The rows that every preset must have.
const DEMANDED: [&str; 4] = ["other tenant", "other client", "other kind", "missing mark"];

impl Table {
    #[track_caller]
    pub(crate) fn read(file: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/presets").join(format!("{file}.toml"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub(crate) fn has_both_kinds(&self) -> bool {
        self.access.is_some() && self.id.is_some()
    }

    pub(crate) fn key_issuer(&self) -> Option<&str> {
        self.key_issuer.as_deref()
    }

    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        self.environment.get(name).cloned()
    }

    pub(crate) fn good(&self, of: &str) -> &Good {
        let good = if of == "id" { &self.id } else { &self.access };
        good.as_ref().unwrap_or_else(|| panic!("there is no [{of}]"))
    }

    pub(crate) fn missing_rows(&self) -> Vec<&'static str> {
        let has = |name: &str| {
            self.refused.iter().any(|row| row.name.starts_with(name))
                || self.not_applicable.get(name).is_some_and(|reason| !reason.is_empty())
        };
        // If there are two kinds, a verifier for each must reject the other.
        DEMANDED.into_iter().filter(|name| !(has(name) || *name == "other kind" && self.has_both_kinds())).collect()
    }

    /// The tokens for an example that accepts these kinds.
    pub(crate) fn rows(&self, kinds: Kinds) -> Vec<(String, Change, Expected)> {
        let usual = if self.access.is_some() { "access" } else { "id" };
        let is_accepted = |of: &str| match kinds {
            Kinds::Usual => of == usual,
            Kinds::Id => of == "id",
            Kinds::Either => true,
        };
        let refused = |code: &str| Expected::Refused(Code(code.to_owned()));
        let mut rows = Vec::new();
        for of in ["access", "id"] {
            let Some(good) = (if of == "id" { &self.id } else { &self.access }) else { continue };
            if !is_accepted(of) {
                rows.push((format!("{of} token"), Change::none(of), refused("any")));
                continue;
            }
            rows.push((format!("{of} token"), Change::none(of), Expected::Accepted(Box::new(good.principal.clone()))));
            rows.extend(general_rows(of, good).map(|(name, change, code)| (name, change, refused(code))));
        }
        for row in self.accepted.iter().filter(|row| is_accepted(&row.change.of)) {
            rows.push((row.name.clone(), row.change.clone(), Expected::Accepted(Box::new(row.principal.clone()))));
        }
        for row in self.refused.iter().filter(|row| is_accepted(&row.change.of)) {
            // With two accepted kinds there are two possible reasons.
            let code = if kinds == Kinds::Either { "any" } else { &row.verdict };
            rows.push((row.name.clone(), row.change.clone(), refused(code)));
        }
        rows
    }
}

/// Tokens that no preset accepts.
fn general_rows(of: &str, good: &Good) -> impl Iterator<Item = (String, Change, &'static str)> + use<> {
    let iss = good.claims["iss"].as_str().expect("`iss` is a text");
    let other_slash = iss.strip_suffix('/').map_or_else(|| format!("{iss}/"), str::to_owned);
    let with = |name: &str, value: Value| {
        let mut change = Change::none(of);
        change.set.insert(name.to_owned(), value);
        change
    };
    let without = |name: &str| Change { remove: vec![name.to_owned()], ..Change::none(of) };
    [
        ("issuer with another slash", with("iss", other_slash.into()), "unknown_issuer"),
        ("issuer in another case", with("iss", iss.to_uppercase().into()), "unknown_issuer"),
        ("issuer and more", with("iss", format!("{iss}.evil.example").into()), "unknown_issuer"),
        ("no issuer", without("iss"), "missing_claim"),
        ("no expiry", without("exp"), "missing_claim"),
        ("expired", with("exp", Value::from(1_700_000_000)), "expired"),
        ("another algorithm", Change { alg: Some("RS512".to_owned()), ..Change::none(of) }, "algorithm_not_allowed"),
    ]
    .into_iter()
    .map(|(name, change, code)| (name.to_owned(), change, code))
}

impl Read {
    pub(crate) fn differences(&self, principal: &Principal) -> Result<(), String> {
        let mut differences = Vec::new();
        let mut compare = |part: &str, expected: Option<String>, found: String| {
            if expected.is_some_and(|expected| expected != found) {
                differences.push(format!("{part} is {found}"));
            }
        };
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let list = |names: &NameSet| names.iter().collect::<Vec<_>>().join(" | ");
        let listed = |names: &Option<Vec<String>>| names.as_ref().map(|names| names.join(" | "));
        compare("subject", Some(self.subject.clone()), principal.subject().to_owned());
        compare("issuer", self.issuer.clone(), principal.issuer().to_owned());
        compare("username", self.username.clone(), text(principal.username()));
        compare("email", self.email.clone(), text(principal.email()));
        compare("tenant", self.tenant.clone(), text(principal.tenant()));
        compare("scopes", listed(&self.scopes), list(principal.scopes()));
        compare("groups", listed(&self.groups), list(principal.groups()));
        compare("roles", listed(&self.roles), list(principal.roles()));
        compare("permissions", listed(&self.permissions), list(principal.permissions()));
        compare("machine", Some(self.machine.to_string()), principal.is_machine().to_string());
        compare("left out", self.groups_left_out.map(|left| left.to_string()), principal.groups_left_out().to_string());
        if differences.is_empty() { Ok(()) } else { Err(differences.join(", ")) }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted(_) => f.write_str("accepted"),
            Self::Refused(code) => write!(f, "refused as {code}"),
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
