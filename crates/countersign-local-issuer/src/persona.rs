//! Personas, which a developer can log in as.

use serde_json::{Map, Value};
use std::fmt;
use std::io;

/// A user of a [`LocalIssuer`](crate::LocalIssuer): a name for the login page, and the claims of the user's tokens.
///
/// In access tokens the claims replace those of the protocol. A persona may thus have a `sub` that differs from its
/// name, or an `exp` in the past.
///
/// # Example
///
/// ```
/// use countersign_local_issuer::Persona;
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
    /// Makes a persona without claims. Its name is also the `sub` of its tokens.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), scopes: Vec::new(), claims: Map::new() }
    }

    /// The personas of Countersign's examples:
    ///
    /// - Alice: group `admin`, scopes `reports:read` and `reports:write`.
    /// - Bob: group `manager`, scope `reports:read`.
    /// - Mallory: no claims.
    /// - Trudy: the claims of Alice, in access tokens that have expired.
    pub fn examples() -> Vec<Self> {
        let admin = |name| Self::new(name).groups(["admin"]).scopes(["reports:read", "reports:write"]);
        vec![
            admin("alice"),
            Self::new("bob").groups(["manager"]).scopes(["reports:read"]),
            Self::new("mallory"),
            admin("trudy").claim("exp", 1_000_000_000),
        ]
    }

    /// Reads personas from a JSON object. Its members are the personas' names and claims.
    ///
    /// # Example
    ///
    /// ```
    /// use countersign_local_issuer::Persona;
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
    /// An error if the text is not such an object, or if `scope` is not a string.
    pub fn from_json(text: &str) -> io::Result<Vec<Self>> {
        let by_name: Map<String, Value> = serde_json::from_str(text)?;
        by_name.into_iter().map(|(name, claims)| Self::from_claims(&name, claims)).collect()
    }

    fn from_claims(name: &str, claims: Value) -> io::Result<Self> {
        let refused =
            |problem: &str| io::Error::new(io::ErrorKind::InvalidData, format!("persona `{name}`: {problem}"));
        let Value::Object(claims) = claims else { return Err(refused("write its claims as a JSON object")) };
        if claims.contains_key("scopes") || claims.get("scope").is_some_and(|scope| !scope.is_string()) {
            return Err(refused("write its scopes in `scope`, as one string separated by spaces"));
        }
        Ok(claims.into_iter().fold(Self::new(name), |persona, (name, value)| persona.claim(&name, value)))
    }

    /// Sets the scopes that a client can get on behalf of this persona. A token has those of them that the client
    /// requests, or all of them if it requests none.
    #[must_use]
    pub fn scopes<'s>(mut self, scopes: impl IntoIterator<Item = &'s str>) -> Self {
        self.scopes = scopes.into_iter().map(str::to_owned).collect();
        self
    }

    /// Sets the groups, in `groups`.
    #[must_use]
    pub fn groups<'s>(self, groups: impl IntoIterator<Item = &'s str>) -> Self {
        self.claim("groups", Vec::from_iter(groups))
    }

    /// Sets the roles, in `roles`.
    #[must_use]
    pub fn roles<'s>(self, roles: impl IntoIterator<Item = &'s str>) -> Self {
        self.claim("roles", Vec::from_iter(roles))
    }

    /// Sets the permissions, in `permissions`.
    #[must_use]
    pub fn permissions<'s>(self, permissions: impl IntoIterator<Item = &'s str>) -> Self {
        self.claim("permissions", Vec::from_iter(permissions))
    }

    /// Sets a claim. A string in `scope` sets the [scopes](Self::scopes).
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        match (name, value.into()) {
            ("scope", Value::String(scopes)) => return self.scopes(scopes.split_ascii_whitespace()),
            (_, value) => self.claims.insert(name.to_owned(), value),
        };
        self
    }

    /// The name on the login page.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The `sub` of the tokens.
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
    /// Lists the claims and scopes, for the login page.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let claims = self.claims.iter().map(|(name, value)| format!("{name} {}", as_words(value)));
        let scopes = (!self.scopes.is_empty()).then(|| format!("scope {}", self.scopes.join(" ")));
        let parts: Vec<String> = claims.chain(scopes).collect();
        f.write_str(if parts.is_empty() { "no claims".to_owned() } else { parts.join("; ") }.as_str())
    }
}

fn as_words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(as_words).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_gives_the_same_personas_as_the_builder() {
        let text = r#"{"bob": {"groups": ["manager"], "scope": "reports:read"}, "mallory": {}}"#;
        let examples = Persona::examples();
        assert_eq!(Persona::from_json(text).unwrap(), examples[1..3]);
    }

    #[test]
    fn a_file_of_another_form_is_refused_with_the_persona_named() {
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
