//! ID tokens (OpenID Connect Core section 2).

use crate::authorization::{Authorization, OPENID};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_testing::{IssuerHandle, TestToken};
use std::time::Duration;

/// The claims that clients check. A persona cannot replace them in ID tokens.
const PROTOCOL_CLAIMS: [&str; 9] = ["iss", "sub", "aud", "exp", "nbf", "iat", "nonce", "at_hash", "azp"];

/// Begins the ID token that accompanies this access token. `None` unless a persona logged in with the scope `openid`.
pub(crate) fn id_token(
    authorization: &Authorization,
    issuer: &IssuerHandle,
    lifetime: Duration,
    access_token: &str,
) -> Option<TestToken> {
    let persona = authorization.persona().filter(|_| authorization.has_scope(OPENID))?;
    let token = persona
        .claims()
        .iter()
        .filter(|(name, _)| !PROTOCOL_CLAIMS.contains(&name.as_str()))
        .fold(issuer.token(persona.subject()).expires_in(lifetime), |token, (name, value)| {
            token.claim(name, value.clone())
        })
        .header("typ", "JWT")
        .without("client_id")
        .without("jti")
        .claim("aud", authorization.client_id())
        .claim("at_hash", access_token_hash(access_token));
    Some(match authorization.nonce() {
        Some(nonce) => token.claim("nonce", nonce),
        None => token,
    })
}

/// The left half of the access token's hash, for RS256 (OpenID Connect Core section 3.1.3.6).
fn access_token_hash(access_token: &str) -> String {
    let hash = digest(&SHA256, access_token.as_bytes());
    URL_SAFE_NO_PAD.encode(&hash.as_ref()[..hash.as_ref().len() / 2])
}
