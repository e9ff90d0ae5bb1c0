//! The application under attack. The arguments of a handler say who may call it.

use axum::extract::Path;
use axum::routing::{any, get, post};
use axum::{Extension, Router};
use countersign::{
    All, Any, CurrentUser, GuardExt as _, Principal, RequireGroups, RequirePermissions, RequireRoles, RequireScopes,
    Verifier, authenticated,
};
use serde::Deserialize;

countersign::scopes! { Read = "read"; Write = "write"; }
countersign::groups! { Admin = "admin"; Manager = "manager"; }
countersign::roles! { Owner = "owner"; }
countersign::permissions! { ReadItems = "read:items"; }

/// Claims of an application, without defaults.
#[derive(Deserialize)]
struct Staff {
    #[serde(rename = "department")]
    _department: String,
    #[serde(rename = "level")]
    _level: u8,
}

pub(crate) const WELCOME: &str = "let in";
/// The response of public routes to requests without credentials.
pub(crate) const STRANGER: &str = "a stranger";

pub(crate) fn router(verifier: Verifier) -> Router {
    // A guard on the route instead of an argument.
    let guarded = Router::new()
        .route("/guarded/{*path}", get(|_: Path<String>| async { WELCOME }))
        .guard::<RequireGroups<Admin>>(&verifier);
    let methods = any(|| async { WELCOME }).get(|| async { WELCOME }).guard::<RequireGroups<Admin>>(&verifier);
    Router::new()
        .merge(guarded)
        .route("/methods", methods)
        .nest("/layered", layered(&verifier).with_state(()))
        .route("/me", get(|_: CurrentUser| async { WELCOME }))
        .route("/principal", get(|_: Principal| async { WELCOME }))
        .route("/staff", get(|_: CurrentUser<Staff>| async { WELCOME }))
        .route("/optional", get(|user: Option<CurrentUser>| greeting(user.is_some())))
        .route("/optional/staff", get(|user: Option<CurrentUser<Staff>>| greeting(user.is_some())))
        .route("/optional/principal", get(|user: Option<Principal>| greeting(user.is_some())))
        .route("/read", get(|_: RequireScopes<Read>| async { WELCOME }))
        .route("/write", post(|_: RequireScopes<Write>| async { WELCOME }))
        .route("/either", get(|_: RequireScopes<Any, (Read, Write)>| async { WELCOME }))
        .route("/both", get(|_: RequireScopes<All, (Read, Write)>| async { WELCOME }))
        .route("/both/twice", get(|_: RequireScopes<All, (Read, Write, Read)>| async { WELCOME }))
        .route("/admin", get(|_: RequireGroups<Admin>| async { WELCOME }))
        .route("/lead", get(|_: RequireGroups<All, (Admin, Manager)>| async { WELCOME }))
        .route("/owner", get(|_: RequireRoles<Owner>| async { WELCOME }))
        .route("/items", get(|_: RequirePermissions<ReadItems>| async { WELCOME }))
        .route("/purge", get(|_: RequireGroups<Admin>, _: RequireScopes<Write>| async { WELCOME }))
        .route("/reports/{id}", get(|_: RequireGroups<Admin>, _: Path<String>| async { WELCOME }))
        .route("/files/{*path}", get(|_: RequireGroups<Admin>, _: Path<String>| async { WELCOME }))
        .with_state(verifier)
}

/// A layer with exceptions, around a service with its own routing.
fn layered(verifier: &Verifier) -> Router {
    let known = |principal: Option<Extension<Principal>>| greeting(principal.is_some());
    let admin = Router::new().route("/", any(known)).route("/users", any(known)).fallback(known);
    Router::new()
        .route("/{user}/{photo}", any(known))
        .route("/docs/{*path}", any(known))
        .route("/any", any(known))
        .nest_service("/admin", admin)
        .fallback(known)
        .layer(authenticated(verifier).except(["/{user}/{photo}", "/docs/{*path}"]))
}

async fn greeting(is_known: bool) -> &'static str {
    if is_known { WELCOME } else { STRANGER }
}
