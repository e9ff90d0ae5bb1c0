//! jsonwebtoken 11 in a hand-written extractor: a key for each `kid`, and one validation.

use super::open;
use crate::tokens::{AUDIENCE, Staff};
use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::routing::get;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;

pub(super) async fn router(issuer: &str) -> Result<Router, Box<dyn Error>> {
    let set: JwkSet = reqwest::get(format!("{issuer}/jwks")).await?.json().await?;
    let mut keys = HashMap::new();
    for jwk in &set.keys {
        keys.insert(jwk.common.key_id.clone().ok_or("a key without a kid")?, DecodingKey::from_jwk(jwk)?);
    }
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation.validate_nbf = true;

    let trust = Arc::new(Trust { keys, validation });
    Ok(Router::new().route("/open", get(open)).route("/protected", get(protected)).with_state(trust))
}

async fn protected(Caller(user): Caller) -> String {
    user.sub
}

struct Trust {
    keys: HashMap<String, DecodingKey>,
    validation: Validation,
}

struct Caller(Staff);

impl FromRequestParts<Arc<Trust>> for Caller {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, trust: &Arc<Trust>) -> Result<Self, Self::Rejection> {
        let authorization = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = authorization.and_then(|value| value.strip_prefix("Bearer ")).ok_or(StatusCode::UNAUTHORIZED)?;
        trust.verify(token).map(Self).ok_or(StatusCode::UNAUTHORIZED)
    }
}

impl Trust {
    fn verify(&self, token: &str) -> Option<Staff> {
        let kid = jsonwebtoken::decode_header(token).ok()?.kid?;
        let token = jsonwebtoken::decode(token, self.keys.get(&kid)?, &self.validation).ok()?;
        Some(token.claims)
    }
}
