//! Access tokens for the API, ID tokens where it says so: `Cognito` and `CognitoCurrentUser`.

use axum::Router;
use axum::extract::FromRef;
use axum::routing::get;
use countersign::{
    By, Cognito, CognitoClaims, ConfigError, CurrentUser, Provider, RequireGroups, Verifier, VerifierFor,
};
use serde::Deserialize;

// fastapi-cloudauth looks for Cognito's scopes among the groups of the user, so that this is a group here.
countersign::groups! { pub ReadUsers = "read:users"; }

/// What `/access/` wants of an access token.
#[derive(Debug, Deserialize)]
pub struct AccessUser {
    sub: String,
}

/// The name of the verifier of ID tokens.
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

/// The program, for a pool such as `Cognito::from_env()?` or `Cognito::user_pool(region, pool).client_id(client)`.
///
/// # Errors
///
/// [`ConfigError`] for a pool that cannot be one.
pub async fn app(pool: Provider<Cognito>) -> Result<Router, ConfigError> {
    let access_tokens = Verifier::builder().issuer(pool.clone()).build().await?;
    let id_tokens = VerifierFor::new(Verifier::builder().issuer(pool.id_tokens()).build().await?);
    Ok(Router::new()
        .route("/", get(secure))
        .route("/access/", get(secure_access))
        .route("/user/", get(secure_user))
        .with_state(Pool { access_tokens, id_tokens }))
}
