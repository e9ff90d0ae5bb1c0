//! Access tokens (RFC 9068).

use crate::authorization::Authorization;
use crate::persona::Persona;
use crate::random::random_text;
use crate::server_state::ServerState;
use countersign_testing::{IssuerHandle, TestToken};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// The client of tokens that skip the login page.
const NO_CLIENT: &str = "local-issuer";

/// Begins an access token with the claims of RFC 9068 section 2.2. The persona's claims replace them.
pub(crate) fn access_token(authorization: &Authorization, issuer: &IssuerHandle, lifetime: Duration) -> TestToken {
    let audience: Value = match authorization.audience() {
        [one] => one.as_str().into(),
        several => json!(several),
    };
    let mut token = issuer
        .token(authorization.subject())
        .expires_in(lifetime)
        .claim("aud", audience)
        .claim("client_id", authorization.client_id())
        .claim("jti", random_text());
    let scope = authorization.scope();
    if !scope.is_empty() {
        token = token.claim("scope", scope);
    }
    let claims = authorization.persona().into_iter().flat_map(Persona::claims);
    claims.fold(token, |token, (name, value)| token.claim(name, value.clone()))
}

/// Begins an access token for the default audience, with all scopes of the persona.
pub(crate) fn access_token_without_client(
    state: &ServerState,
    issuer: &IssuerHandle,
    persona: Arc<Persona>,
) -> TestToken {
    let audience = vec![state.audience().to_owned()];
    let authorization = Authorization::of_persona(NO_CLIENT, persona, None, audience, None);
    access_token(&authorization, issuer, state.lifetime())
}
