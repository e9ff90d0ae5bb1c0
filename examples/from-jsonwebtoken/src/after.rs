//! The same program with Countersign.

use axum::routing::get;
use axum::{Json, Router};
use countersign::keys::{Algorithm, AlgorithmConversionError};
use countersign::providers::{Oidc, Provider};
use countersign::{ConfigError, CurrentUser, RequireScopes, Verifier};
use jsonwebtoken::jwk::JwkSet;
use serde::{Deserialize, Serialize};

countersign::scopes! { pub ReadReports = "reports:read"; }

/// The claims of a token.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Claims {
    sub: String,
    scope: Option<String>,
}

async fn me(CurrentUser(claims): CurrentUser<Claims>) -> Json<Claims> {
    Json(Claims::clone(&claims))
}

async fn reports(_: RequireScopes<ReadReports>) -> &'static str {
    "reports"
}

/// The program. Keys come from the issuer's discovery document, and are refreshed.
///
/// # Errors
///
/// [`ConfigError`] if the configuration of the issuer is invalid.
pub async fn app(issuer: &str, audience: &str) -> Result<Router, ConfigError> {
    let verifier = Verifier::builder().issuer(Oidc::issuer(issuer).audience(audience)).build().await?;
    Ok(Router::new().route("/me", get(me)).route("/reports", get(reports)).with_state(verifier))
}

/// The issuer with the keys and the algorithm that a program has as types of jsonwebtoken. No network is used.
///
/// # Errors
///
/// [`AlgorithmConversionError`] for an algorithm with a shared secret, such as HS256.
pub fn provider(
    issuer: &str,
    audience: &str,
    keys: &JwkSet,
    algorithm: jsonwebtoken::Algorithm,
) -> Result<Provider<Oidc>, AlgorithmConversionError> {
    let algorithm = Algorithm::try_from(algorithm)?;
    Ok(Oidc::issuer(issuer).audience(audience).jwks(keys).algorithms([algorithm]))
}
