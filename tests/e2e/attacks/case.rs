//! The fields of a case, and the reader of case files.
//!
//! A case is a table with `name` and the fields of [`Step`]. The default of each field is correct: a valid token of
//! alice, sent to `/me`. `each` makes one case of each of its strings, which replaces `<each>`. `then` has further
//! steps with the same verifier. Text between `<` and `>` is a template (see `template.rs`).

use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use toml::{Table, Value};

#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) verifier: Policy,
    pub(crate) steps: Vec<Step>,
}

/// The configuration of the verifier, as differences from the default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Policy {
    /// `main` unless set. `other` is a second issuer with its own keys.
    pub(crate) issuers: Option<Vec<String>>,
    /// All ten algorithms unless set.
    pub(crate) algorithms: Option<Vec<String>>,
    /// `rfc9068` requires access tokens of RFC 9068.
    pub(crate) kind: Option<String>,
    /// Seconds.
    pub(crate) leeway: Option<u64>,
    /// Seconds.
    pub(crate) max_lifetime: Option<u64>,
    /// `authorization`, `header NAME`, `cookie NAME`, `protocol` or `query NAME`. Only `authorization` unless set.
    pub(crate) sources: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) trusted_origins: Vec<String>,
    #[serde(default)]
    pub(crate) keys: KeyDelivery,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum KeyDelivery {
    /// Discovery over HTTP.
    #[default]
    Fetched,
    /// The published set, given in the configuration.
    Static,
    /// The public half of `RS256`, in PEM.
    Pem,
}

/// One request, or one call of the verifier, with the expected result.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Step {
    /// The signing key (see `keyring.rs`), RS256 unless set.
    pub(crate) key: Option<String>,
    pub(crate) header: Option<Members>,
    pub(crate) claims: Option<Members>,
    /// The text that an open key signs instead of `<header>.<payload>`.
    pub(crate) input: Option<String>,
    /// An encoded message that an open key signs unchanged: RSA with a custom padding.
    pub(crate) em: Option<String>,
    pub(crate) pss: Option<Pss>,
    pub(crate) hmac: Option<Hmac>,
    /// The bytes of the signature. `<sig>` is the correct signature.
    pub(crate) signature: Option<String>,
    /// The text of the token. `<token>`, `<header>`, `<payload>` and `<signature>` are those of the signed token.
    pub(crate) token: Option<String>,

    /// The published key set from this step on, with ten keys unless set.
    pub(crate) jwks: Option<Vec<Jwk>>,
    /// For the verdict SKIP: a key that must be skipped, published with a valid one.
    pub(crate) odd: Option<Jwk>,

    #[serde(default)]
    pub(crate) via: Via,
    pub(crate) method: Option<String>,
    pub(crate) path: Option<String>,
    /// Header lines, `Authorization: Bearer <token>` unless set.
    pub(crate) headers: Option<Vec<String>>,
    pub(crate) body: Option<String>,

    pub(crate) verdict: Verdict,
    /// `TokenError::code()`, for SKIP a `SkipReason`, for BOOT a `ConfigError`.
    pub(crate) reason: Option<String>,
    /// The claim that the reason names.
    pub(crate) claim: Option<String>,
    /// The `scope` of the challenge.
    pub(crate) scope: Option<String>,
    /// The number of key fetches after the verifier is built.
    #[serde(default)]
    pub(crate) fetches: usize,
    /// Further texts that no response and no log may contain.
    #[serde(default)]
    pub(crate) leaks: Vec<String>,
}

/// A JSON object: raw text instead of the default, or edits of the default. The values in `set` are JSON text.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Members {
    Raw(String),
    Edits(Edits),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edits {
    #[serde(default)]
    pub(crate) set: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) remove: Vec<String>,
}

/// A JWK: raw text, or edits of the public half of a key.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Jwk {
    Raw(String),
    Edited(EditedJwk),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EditedJwk {
    pub(crate) of: String,
    #[serde(default)]
    pub(crate) set: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) remove: Vec<String>,
}

/// An RSASSA-PSS signature (RFC 8017 section 9.1) by an open key. The defaults are those of PS256 in RFC 7518.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Pss {
    pub(crate) hash: String,
    pub(crate) mgf: String,
    pub(crate) salt: usize,
    pub(crate) trailer: u8,
    /// The byte between padding and salt.
    pub(crate) separator: u8,
    /// The first byte of the padding, which is zero.
    pub(crate) padding: u8,
}

impl Default for Pss {
    fn default() -> Self {
        let sha256 = || "SHA-256".to_owned();
        Self { hash: sha256(), mgf: sha256(), salt: 32, trailer: 0xbc, separator: 1, padding: 0 }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Hmac {
    pub(crate) hash: String,
    pub(crate) secret: String,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Via {
    /// A request to the router in process.
    #[default]
    Http,
    /// The same over a socket, as raw bytes that no HTTP client would send.
    Wire,
    /// Both, which must agree.
    Both,
    /// `Verifier::verify`, for tokens that no header can contain.
    Verify,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
pub(crate) enum Verdict {
    #[serde(rename = "200")]
    Ok,
    #[serde(rename = "400")]
    InvalidRequest,
    #[serde(rename = "401-")]
    MissingToken,
    #[serde(rename = "401")]
    InvalidToken,
    #[serde(rename = "403")]
    InsufficientScope,
    #[serde(rename = "403 cross-origin")]
    CrossOrigin,
    /// There is no such route.
    #[serde(rename = "404")]
    NotFound,
    /// Rejected by the HTTP server, before any handler.
    #[serde(rename = "400 by the server")]
    NotHttp,
    #[serde(rename = "431 by the server")]
    HeadersTooLarge,
    /// The odd key is skipped, and the others are used.
    #[serde(rename = "SKIP")]
    Skip,
    /// The verifier cannot be built.
    #[serde(rename = "BOOT")]
    Boot,
}

/// Each class with its cases, or the problem of one.
pub(crate) fn classes() -> Vec<(String, Vec<Result<Case, String>>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/attacks");
    let mut files: Vec<_> =
        fs::read_dir(&folder).expect("the corpus is there").map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    files
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| {
            let class = path.file_name().expect("a name").to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).expect("a readable file");
            (class, cases(&text))
        })
        .collect()
}

fn cases(text: &str) -> Vec<Result<Case, String>> {
    let file: File = match toml::from_str(text) {
        Ok(file) => file,
        Err(error) => return vec![Err(error.to_string())],
    };
    file.case.into_iter().flat_map(variants).map(|table| case(table, &file.defaults)).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The default fields of the steps in this file.
    #[serde(default)]
    defaults: Table,
    case: Vec<Table>,
}

/// One table for each string of `each`.
fn variants(mut table: Table) -> Vec<Table> {
    let Some(Value::Array(each)) = table.remove("each") else { return vec![table] };
    each.iter()
        .map(|variant| {
            let variant = variant.as_str().expect("`each` holds strings");
            let mut table = table.clone();
            if let Some(Value::String(name)) = table.get_mut("name")
                && !name.contains("<each>")
            {
                name.push_str(" [<each>]");
            }
            table.iter_mut().for_each(|(_, value)| substitute(value, variant));
            table
        })
        .collect()
}

fn substitute(value: &mut Value, variant: &str) {
    match value {
        Value::String(text) => *text = text.replace("<each>", variant),
        Value::Array(items) => items.iter_mut().for_each(|item| substitute(item, variant)),
        Value::Table(table) => table.iter_mut().for_each(|(_, item)| substitute(item, variant)),
        _ => {}
    }
}

fn case(mut table: Table, defaults: &Table) -> Result<Case, String> {
    let Some(Value::String(mut name)) = table.remove("name") else { return Err("a case has no name".to_owned()) };
    name.truncate(name.char_indices().nth(120).map_or(name.len(), |(at, _)| at));
    let verifier = match table.remove("verifier") {
        Some(policy) => policy.try_into().map_err(|error| format!("{name}: {error}"))?,
        None => Policy::default(),
    };
    let then = match table.remove("then") {
        Some(Value::Array(then)) => then,
        None => Vec::new(),
        Some(_) => return Err(format!("{name}: `then` is a list of steps")),
    };
    let steps = [Value::Table(table)].into_iter().chain(then).map(|step| {
        let Value::Table(mut step) = step else { return Err(format!("{name}: a step is a table")) };
        // A default reason belongs to the default verdict. A step with another verdict does not use it.
        let differs = step.get("verdict").is_some_and(|verdict| Some(verdict) != defaults.get("verdict"));
        for (field, value) in defaults.iter().filter(|(field, _)| !(differs && *field == "reason")) {
            step.entry(field).or_insert_with(|| value.clone());
        }
        step.try_into().map_err(|error| format!("{name}: {error}"))
    });
    let steps = steps.collect::<Result<_, _>>()?;
    Ok(Case { name, verifier, steps })
}
