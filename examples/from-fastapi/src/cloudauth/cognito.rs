//! `Cognito` and `CognitoCurrentUser`: access tokens for most routes, ID tokens for one.

use axum::Router;
use axum::extract::FromRef;
use axum::routing::get;
use countersign::providers::{Cognito, CognitoClaims, Provider};
use countersign::{By, ConfigError, CurrentUser, RequireGroups, Verifier, VerifierFor};
use serde::Deserialize;

// fastapi-cloudauth reads Cognito's scopes from the user's groups. So this marker is a group.
countersign::groups! { pub ReadUsers = "read:users"; }

/// The claims of an access token that `/access/` uses.
#[derive(Debug, Deserialize)]
pub struct AccessUser {
    sub: String,
}

/// Names the verifier of ID tokens.
#[derive(Debug)]
pub enum IdTokens {}

#[derive(Clone, FromRef)]
struct Pool {
    access_tokens: Verifier,
    id_tokens: VerifierFor<IdTokens>,
}

async fn secure(_: RequireGroups<ReadUsers>) -> &'static str {
    "Hello"
}

async fn secure_access(CurrentUser(user): CurrentUser<AccessUser>) -> String {
    format!("Hello, {}", user.sub)
}

async fn secure_user(By(CurrentUser(user), _): By<IdTokens, CurrentUser<CognitoClaims>>) -> String {
    format!("Hello, {}", user.username.as_deref().unwrap_or(&user.sub))
}

/// The program. A pool is `Cognito::from_env()?` or `Cognito::user_pool(region, pool).client_id(client)`.
///
/// # Errors
///
/// [`ConfigError`] if the configuration of the pool is invalid.
pub async fn app(pool: Provider<Cognito>) -> Result<Router, ConfigError> {
    let access_tokens = Verifier::builder().issuer(pool.clone()).build().await?;
    let id_tokens = VerifierFor::new(Verifier::builder().issuer(pool.id_tokens()).build().await?);
    Ok(Router::new()
        .route("/", get(secure))
        .route("/access/", get(secure_access))
        .route("/user/", get(secure_user))
        .with_state(Pool { access_tokens, id_tokens }))
}
