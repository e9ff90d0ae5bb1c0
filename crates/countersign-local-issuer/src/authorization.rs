//! What a client was granted, and the tokens that say so.

use super::authorization_code::random_text;
use super::persona::Persona;
use crate::provider_server::ProviderState;
use crate::test_token::TestToken;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// The scope that asks for an ID token (OpenID Connect Core section 3.1.2.1).
pub(crate) const OPENID: &str = "openid";

/// A client's rights, of its own or in a persona's name.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    client_id: String,
    persona: Option<Arc<Persona>>,
    scopes: Vec<String>,
    audience: Vec<String>,
    nonce: Option<String>,
}

impl Grant {
    /// A program's rights: each scope that it asks for.
    pub(crate) fn machine(client_id: &str, scope: Option<&str>, audience: Vec<String>) -> Self {
        let scopes = names(scope).map(str::to_owned).collect();
        Self { client_id: client_id.to_owned(), persona: None, scopes, audience, nonce: None }
    }

    /// Rights in a persona's name: the scopes that are asked for and that the persona has.
    pub(crate) fn user(
        client_id: &str,
        persona: Arc<Persona>,
        scope: Option<&str>,
        audience: Vec<String>,
        nonce: Option<String>,
    ) -> Self {
        let has = |name: &&str| *name == OPENID || persona.scope_names().iter().any(|scope| scope == name);
        let scopes = match scope {
            Some(_) => names(scope).filter(has).map(str::to_owned).collect(),
            None => persona.scope_names().to_vec(),
        };
        Self { client_id: client_id.to_owned(), persona: Some(persona), scopes, audience, nonce }
    }

    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    pub(crate) fn scope(&self) -> String {
        self.scopes.join(" ")
    }

    /// The same for some of its audiences (RFC 8707 section 2.2), if they are among them.
    pub(crate) fn narrowed(mut self, audience: Vec<String>) -> Option<Self> {
        audience.iter().all(|one| self.audience.contains(one)).then(|| {
            self.audience = audience;
            self
        })
    }

    /// RFC 9068 section 2.2. A program is its own subject.
    pub(crate) fn access_token(&self, provider: &ProviderState, lifetime: Duration) -> TestToken {
        let subject = self.persona.as_ref().map_or(self.client_id(), |persona| persona.subject());
        let audience: Value = match self.audience.as_slice() {
            [one] => one.as_str().into(),
            several => json!(several),
        };
        let mut token = provider
            .token(subject)
            .expires_in(lifetime)
            .claim("aud", audience)
            .claim("client_id", self.client_id())
            .claim("jti", random_text());
        if !self.scopes.is_empty() {
            token = token.claim("scope", self.scope());
        }
        let claims = self.persona.iter().flat_map(|persona| persona.claims());
        claims.fold(token, |token, (name, value)| token.claim(name, value.clone()))
    }

    /// The ID token beside that access token, where the client asked for one (OpenID Connect Core section 2). The
    /// persona's claims have no say about those of the protocol here.
    pub(crate) fn id_token(
        &self,
        provider: &ProviderState,
        lifetime: Duration,
        access_token: &str,
    ) -> Option<TestToken> {
        let persona = self.persona.as_ref().filter(|_| self.scopes.iter().any(|scope| scope == OPENID))?;
        let issued = provider.token(persona.subject()).expires_in(lifetime);
        let token = persona
            .claims()
            .iter()
            .filter(|(name, _)| !PROTOCOL.contains(&name.as_str()))
            .fold(issued, |token, (name, value)| token.claim(name, value.clone()))
            .header("typ", "JWT")
            .without("client_id")
            .without("jti")
            .claim("aud", self.client_id())
            .claim("at_hash", left_half_of_hash(access_token));
        Some(match &self.nonce {
            Some(nonce) => token.claim("nonce", nonce.as_str()),
            None => token,
        })
    }
}

/// What a client relies on in an ID token.
const PROTOCOL: [&str; 9] = ["iss", "sub", "aud", "exp", "nbf", "iat", "nonce", "at_hash", "azp"];

fn names(scope: Option<&str>) -> impl Iterator<Item = &str> {
    scope.unwrap_or_default().split_ascii_whitespace()
}

/// `at_hash` for RS256 (OpenID Connect Core section 3.1.3.6).
fn left_half_of_hash(access_token: &str) -> String {
    let hash = digest(&SHA256, access_token.as_bytes());
    URL_SAFE_NO_PAD.encode(&hash.as_ref()[..hash.as_ref().len() / 2])
}
