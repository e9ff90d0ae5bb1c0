//! The usual program with jsonwebtoken: an extractor, `decode_header`, `DecodingKey` and `Validation`.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::routing::get;
use axum::{Json, Router};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The key set and the expected issuer and audience.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The keys, fetched at startup.
    pub keys: Arc<JwkSet>,
    /// The issuer.
    pub issuer: String,
    /// The audience.
    pub audience: String,
}

/// The claims of a token.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Claims {
    sub: String,
    scope: String,
}

impl FromRequestParts<Settings> for Claims {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, settings: &Settings) -> Result<Self, Self::Rejection> {
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(|value| value.strip_prefix("Bearer "));
        let token = token.ok_or((StatusCode::BAD_REQUEST, "Missing credentials"))?;
        claims(token, settings).ok_or((StatusCode::BAD_REQUEST, "Invalid token"))
    }
}

fn claims(token: &str, settings: &Settings) -> Option<Claims> {
    let header = decode_header(token).ok()?;
    let key = DecodingKey::from_jwk(settings.keys.keys.first()?).ok()?;
    let mut validation = Validation::new(header.alg);
    validation.set_audience(&[&settings.audience]);
    validation.set_issuer(&[&settings.issuer]);
    Some(decode::<Claims>(token, &key, &validation).ok()?.claims)
}

async fn me(claims: Claims) -> Json<Claims> {
    Json(claims)
}

async fn reports(claims: Claims) -> Result<&'static str, StatusCode> {
    if claims.scope.contains("reports:read") { Ok("reports") } else { Err(StatusCode::FORBIDDEN) }
}

/// The program.
pub fn app(settings: Settings) -> Router {
    Router::new().route("/me", get(me)).route("/reports", get(reports)).with_state(settings)
}
