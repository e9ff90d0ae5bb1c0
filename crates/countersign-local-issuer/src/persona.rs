//! Whom a developer can log in as.

use serde_json::{Map, Value};
use std::fmt;
use std::io;

/// Somebody to log in as at a [`LocalIssuer`](crate::LocalIssuer): a name, and the claims of the tokens.
///
/// The claims have the last word in access tokens, even over those of the protocol, so that a persona may bring a `sub`
/// that is not its name, or an `exp` of long ago.
///
/// # Example
///
/// ```
/// use countersign_testing::Persona;
///
/// let alice = Persona::new("alice").groups(["admin"]).scopes(["reports:read"]).claim("department", "legal");
/// assert_eq!(alice.name(), "alice");
/// assert_eq!(alice.to_string(), "department legal; groups admin; scope reports:read");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Persona {
    name: String,
    scopes: Vec<String>,
    claims: Map<String, Value>,
}

impl Persona {
    /// A persona without any claim but its name, which is the `sub` too.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), scopes: Vec::new(), claims: Map::new() }
    }

    /// Alice, who may do anything at the API of Countersign's examples; Bob, who manages and reads; Mallory, who may do
    /// nothing; and Trudy, who is Alice with tokens that have expired.
    pub fn examples() -> Vec<Self> {
        let admin = |name| Self::new(name).groups(["admin"]).scopes(["reports:read", "reports:write"]);
        vec![
            admin("alice"),
            Self::new("bob").groups(["manager"]).scopes(["reports:read"]),
            Self::new("mallory"),
            admin("trudy").claim("exp", 1_000_000_000),
        ]
    }

    /// Reads personas from a JSON object that has the claims by name.
    ///
    /// # Example
    ///
    /// ```
    /// use countersign_testing::Persona;
    ///
    /// let personas = Persona::from_json(
    ///     r#"{ "alice": { "groups": ["admin"], "scope": "reports:read reports:write" }, "mallory": {} }"#,
    /// )?;
    /// assert_eq!(personas.len(), 2);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the text is anything else.
    pub fn from_json(text: &str) -> io::Result<Vec<Self>> {
        let by_name: Map<String, Value> = serde_json::from_str(text)?;
        by_name.into_iter().map(|(name, claims)| Self::from_claims(&name, claims)).collect()
    }

    fn from_claims(name: &str, claims: Value) -> io::Result<Self> {
        let refused =
            |problem: &str| io::Error::new(io::ErrorKind::InvalidData, format!("persona `{name}`: {problem}"));
        let Value::Object(claims) = claims else { return Err(refused("give its claims as an object")) };
        if claims.contains_key("scopes") || claims.get("scope").is_some_and(|scope| !scope.is_string()) {
            return Err(refused("give its scopes in `scope`, as one string with blanks between"));
        }
        Ok(claims.into_iter().fold(Self::new(name), |persona, (name, value)| persona.claim(&name, value)))
    }

    /// The scopes that a client may get in this persona's name. A token has those among them that the client asks for,
    /// or all where it asks for none.
    #[must_use]
    pub fn scopes<'s>(mut self, scopes: impl IntoIterator<Item = &'s str>) -> Self {
        self.scopes = scopes.into_iter().map(str::to_owned).collect();
        self
    }

    /// The groups, in `groups`.
    #[must_use]
    pub fn groups<'s>(self, groups: impl IntoIterator<Item = &'s str>) -> Self {
        self.claim("groups", Vec::from_iter(groups))
    }

    /// The roles, in `roles`.
    #[must_use]
    pub fn roles<'s>(self, roles: impl IntoIterator<Item = &'s str>) -> Self {
        self.claim("roles", Vec::from_iter(roles))
    }

    /// The permissions, in `permissions`.
    #[must_use]
    pub fn permissions<'s>(self, permissions: impl IntoIterator<Item = &'s str>) -> Self {
        self.claim("permissions", Vec::from_iter(permissions))
    }

    /// Sets any claim. A text in `scope` sets the [scopes](Self::scopes).
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        match (name, value.into()) {
            ("scope", Value::String(scopes)) => return self.scopes(scopes.split_ascii_whitespace()),
            (_, value) => self.claims.insert(name.to_owned(), value),
        };
        self
    }

    /// Its name on the login page.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The `sub` of its tokens.
    pub(crate) fn subject(&self) -> &str {
        self.claims.get("sub").and_then(Value::as_str).unwrap_or(&self.name)
    }

    pub(crate) fn scope_names(&self) -> &[String] {
        &self.scopes
    }

    pub(crate) fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }
}

impl fmt::Display for Persona {
    /// What tells it from others, for who has to choose.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let claims = self.claims.iter().map(|(name, value)| format!("{name} {}", in_words(value)));
        let scopes = (!self.scopes.is_empty()).then(|| format!("scope {}", self.scopes.join(" ")));
        let parts: Vec<String> = claims.chain(scopes).collect();
        f.write_str(if parts.is_empty() { "no claims".to_owned() } else { parts.join("; ") }.as_str())
    }
}

fn in_words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(in_words).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_the_same_as_the_builder() {
        let text = r#"{"bob": {"groups": ["manager"], "scope": "reports:read"}, "mallory": {}}"#;
        let examples = Persona::examples();
        assert_eq!(Persona::from_json(text).unwrap(), examples[1..3]);
    }

    #[test]
    fn a_file_of_another_shape_is_refused_by_name() {
        for (text, expected) in [
            ("", "EOF"),
            ("[]", "map"),
            (r#"{"alice": []}"#, "`alice`"),
            (r#"{"alice": {"scopes": ["a"]}}"#, "`scope`"),
            (r#"{"alice": {"scope": ["a"]}}"#, "`scope`"),
        ] {
            let error = Persona::from_json(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
