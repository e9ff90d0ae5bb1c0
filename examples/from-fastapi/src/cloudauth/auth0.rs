//! `Auth0`: any or all of several permissions, optional users, raw claims, and a page with an Authorize button.

use axum::{Json, Router};
use countersign::openapi::{BearerAuth, Undecided};
use countersign::providers::Auth0Claims;
use countersign::verified::Claims;
use countersign::{All, Any, CurrentUser, GuardedRouter, RequirePermissions, Verifier, routes};
use serde::Deserialize;
use std::sync::Arc;
use utoipa::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

// `scope_key="permissions"`: fastapi-cloudauth reads Auth0's scopes from the user's permissions.
countersign::permissions! {
    pub ReadUsers = "read:users";
    pub WriteUsers = "write:users";
}

/// `Auth0Claims` and the application's own claims.
#[derive(Debug, Deserialize)]
pub struct Staff {
    #[serde(flatten)]
    auth0: Auth0Claims,
    #[serde(rename = "https://acme.example/department")]
    department: String,
}

#[utoipa::path(get, path = "/")]
async fn secure(_: RequirePermissions<ReadUsers>) -> &'static str {
    "Hello"
}

#[utoipa::path(get, path = "/either")]
async fn either(_: RequirePermissions<Any, (ReadUsers, WriteUsers)>) -> &'static str {
    "Hello"
}

#[utoipa::path(get, path = "/both")]
async fn both(_: RequirePermissions<All, (ReadUsers, WriteUsers)>) -> &'static str {
    "Hello"
}

#[utoipa::path(get, path = "/user/")]
async fn secure_user(CurrentUser(user): CurrentUser<Staff>) -> String {
    format!("Hello, {} of {}", user.auth0.sub, user.department)
}

#[utoipa::path(get, path = "/claims")]
async fn payload(CurrentUser(claims): CurrentUser) -> Json<Arc<Claims>> {
    Json(claims)
}

#[utoipa::path(get, path = "/optional")]
async fn optional(user: Option<CurrentUser<Auth0Claims>>) -> String {
    user.map_or("Hello, stranger".to_owned(), |CurrentUser(user)| format!("Hello, {}", user.sub))
}

#[derive(OpenApi)]
#[openapi(modifiers(&BearerAuth))]
struct Document;

/// The program, with its page at `/docs`.
///
/// # Errors
///
/// [`Undecided`] if a route does not say who may call it.
pub fn app(verifier: Verifier) -> Result<Router, Undecided> {
    let api = GuardedRouter::with_openapi(Document::openapi())
        .routes(routes!(secure))
        .routes(routes!(either))
        .routes(routes!(both))
        .routes(routes!(secure_user))
        .routes(routes!(payload))
        .routes(routes!(optional))
        .with_state(verifier)
        .build()?;
    Ok(api.router.merge(SwaggerUi::new("/docs").url("/openapi.json", api.openapi)))
}
