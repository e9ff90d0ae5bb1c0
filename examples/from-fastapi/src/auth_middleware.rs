//! Groups, roles and permissions, some of them from a database: `JwtAuthMiddleware` with its guards.

use axum::routing::{get, post};
use axum::{Json, Router};
use countersign::entitlements::SqlEntitlements;
use countersign::keys::Algorithm;
use countersign::policy::ClaimMap;
use countersign::providers::{Oidc, Provider};
use countersign::{Any, ConfigError, Principal, RequireGroups, RequirePermissions, RequireRoles, Verifier};
use serde_json::{Value, json};
use sqlx::SqlitePool;
use std::time::Duration;

countersign::groups! { pub Admin = "admin"; pub Moderator = "moderator"; }
countersign::roles! { pub Analyst = "analyst"; pub Manager = "manager"; }
countersign::permissions! { pub CreateUser = "user.create"; }

async fn protected(user: Principal) -> Json<Value> {
    Json(json!({ "message": format!("Hello {}", user.username().unwrap_or("you")), "user_id": user.subject() }))
}

async fn admin(_: RequireGroups<Any, (Admin, Moderator)>) -> &'static str {
    "Admin access granted"
}

async fn profile(user: Principal) -> Json<Value> {
    Json(json!({
        "id": user.subject(),
        "name": user.username(),
        "email": user.email(),
        "groups": Vec::from_iter(user.groups().iter()),
        "permissions": Vec::from_iter(user.permissions().iter()),
        "is_machine": user.is_machine(),
    }))
}

async fn reports(_: RequireRoles<Any, (Analyst, Manager)>) -> &'static str {
    "Reports access granted"
}

async fn create_user(_: RequirePermissions<CreateUser>) -> &'static str {
    "User creation allowed"
}

/// `get_current_user()` and `has_groups(..)`: open to everybody, with another answer for members.
async fn home(user: Option<Principal>) -> &'static str {
    match user {
        Some(user) if user.groups().contains("admin") => "Welcome, admin",
        Some(_) => "Welcome back",
        None => "Welcome",
    }
}

/// `OidcProviderSettings`.
pub fn provider(issuer: &str, audience: &str) -> Provider<Oidc> {
    Oidc::issuer(issuer)
        .audience(audience)
        .jwks_url(format!("{issuer}/jwks"))
        .algorithms([Algorithm::RS256])
        .leeway(Duration::from_secs(10))
        .claim_map(ClaimMap::default().username(["preferred_username", "username"]).groups(["memberOf"]))
}

/// `SqlGroupsProvider` and `SqlPermissionsProvider`, on the tables that they created.
///
/// # Errors
///
/// [`ConfigError`] if the configuration of the provider is invalid.
pub async fn verifier(issuer: &str, audience: &str, database: SqlitePool) -> Result<Verifier, ConfigError> {
    Verifier::builder()
        .issuer(provider(issuer, audience))
        .entitlements(SqlEntitlements::sqlite(database, issuer).by_username())
        .build()
        .await
}

/// The program.
pub fn app(verifier: Verifier) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/protected", get(protected))
        .route("/admin", get(admin))
        .route("/profile", get(profile))
        .route("/reports", get(reports))
        .route("/admin/users", post(create_user))
        .with_state(verifier)
}
