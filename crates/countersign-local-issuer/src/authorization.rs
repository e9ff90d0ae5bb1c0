//! The rights that a client has obtained, before they become tokens.

use crate::persona::Persona;
use std::sync::Arc;

/// The scope that requests an ID token (OpenID Connect Core section 3.1.2.1).
pub(crate) const OPENID: &str = "openid";

/// An authorization of a client: its scopes and audience, and the persona that logged in, if any.
#[derive(Clone, Debug)]
pub(crate) struct Authorization {
    client_id: String,
    persona: Option<Arc<Persona>>,
    scopes: Vec<String>,
    audience: Vec<String>,
    nonce: Option<String>,
}

impl Authorization {
    /// Authorizes a client for itself (RFC 6749 section 4.4), with every scope that it requests.
    pub(crate) fn of_client(client_id: &str, scope: Option<&str>, audience: Vec<String>) -> Self {
        let scopes = scope_names(scope).map(str::to_owned).collect();
        Self { client_id: client_id.to_owned(), persona: None, scopes, audience, nonce: None }
    }

    /// Authorizes a client on behalf of a persona. It gets the requested scopes that the persona has, or all of the
    /// persona's scopes if it requests none.
    pub(crate) fn of_persona(
        client_id: &str,
        persona: Arc<Persona>,
        scope: Option<&str>,
        audience: Vec<String>,
        nonce: Option<String>,
    ) -> Self {
        let is_granted = |name: &&str| *name == OPENID || persona.scope_names().iter().any(|scope| scope == name);
        let scopes = match scope {
            Some(_) => scope_names(scope).filter(is_granted).map(str::to_owned).collect(),
            None => persona.scope_names().to_vec(),
        };
        Self { client_id: client_id.to_owned(), persona: Some(persona), scopes, audience, nonce }
    }

    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    pub(crate) fn persona(&self) -> Option<&Persona> {
        self.persona.as_deref()
    }

    /// The `sub` of its tokens. A client that acts for itself is the subject (RFC 9068 section 2.2).
    pub(crate) fn subject(&self) -> &str {
        self.persona().map_or(self.client_id(), Persona::subject)
    }

    /// The scopes, separated by spaces.
    pub(crate) fn scope(&self) -> String {
        self.scopes.join(" ")
    }

    pub(crate) fn has_scope(&self, name: &str) -> bool {
        self.scopes.iter().any(|scope| scope == name)
    }

    pub(crate) fn audience(&self) -> &[String] {
        &self.audience
    }

    pub(crate) fn nonce(&self) -> Option<&str> {
        self.nonce.as_deref()
    }

    /// Restricts the audience to this subset of it (RFC 8707 section 2.2). `None` if it is not a subset.
    pub(crate) fn restricted_to(mut self, audience: Vec<String>) -> Option<Self> {
        audience.iter().all(|one| self.audience.contains(one)).then(|| {
            self.audience = audience;
            self
        })
    }
}

fn scope_names(scope: Option<&str>) -> impl Iterator<Item = &str> {
    scope.unwrap_or_default().split_ascii_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_persona_limits_the_scopes_of_its_clients() {
        let alice = Arc::new(Persona::new("alice").scopes(["a", "b"]));
        for (requested, expected) in
            [(None, "a b"), (Some(""), ""), (Some("b c"), "b"), (Some("openid a"), "openid a"), (Some("c"), "")]
        {
            let authorization = Authorization::of_persona("docs", Arc::clone(&alice), requested, Vec::new(), None);
            assert_eq!(authorization.scope(), expected, "{requested:?}");
        }
        assert_eq!(Authorization::of_client("svc", Some("x  y"), Vec::new()).scope(), "x y");
    }

    #[test]
    fn an_audience_is_restricted_and_never_extended() {
        let authorization = Authorization::of_client("svc", None, vec!["a".to_owned(), "b".to_owned()]);
        let restricted = authorization.clone().restricted_to(vec!["b".to_owned()]).unwrap();
        assert_eq!(restricted.audience(), ["b"]);
        assert!(authorization.restricted_to(vec!["b".to_owned(), "c".to_owned()]).is_none());
    }
}
