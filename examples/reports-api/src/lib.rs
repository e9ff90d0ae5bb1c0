//! The API that the examples `quickstart` and `resource-server` serve.
//!
//! Only the argument types of a handler say who may call it. The enforcement, the error responses, the document at
//! `/openapi.json` and the access matrix follow from them.

mod documentation;
mod operations;
mod public_user;

pub use documentation::Documentation;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use countersign::openapi::{BearerAuth, Matrix, PublicExt, Undecided};
use countersign::{GuardedRouter, Verifier, route, routes};
use utoipa::OpenApi;

countersign::scopes! {
    pub ReadReports = "reports:read";
    pub WriteReports = "reports:write";
}

countersign::groups! {
    pub Admin = "admin";
    pub Manager = "manager";
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Reports", description = "An API whose guards are its handlers' argument types."),
    modifiers(&BearerAuth)
)]
struct ApiDoc;

/// The API, with its document at `/openapi.json` and Swagger UI at `/docs`.
///
/// # Errors
///
/// [`Undecided`] if an operation does not say who may call it.
pub fn router(verifier: Verifier, documentation: &Documentation) -> Result<Router, Undecided> {
    router_of(operations(), verifier, documentation)
}

/// Like [`router`], with other operations.
///
/// # Errors
///
/// [`Undecided`] if an operation does not say who may call it.
pub fn router_of(
    operations: GuardedRouter<Verifier>,
    verifier: Verifier,
    documentation: &Documentation,
) -> Result<Router, Undecided> {
    let guarded = operations.with_state(verifier).build()?;
    Ok(guarded.router.merge(documentation.page(guarded.openapi)))
}

/// The access matrix: the requirement of each operation.
pub fn matrix() -> Matrix {
    operations().matrix()
}

/// All operations. `build` fails if one of them does not say who may call it.
pub fn operations() -> GuardedRouter<Verifier> {
    GuardedRouter::with_openapi(ApiDoc::openapi())
        .routes(routes!(operations::public).public())
        .routes(routes!(operations::optional))
        .routes(routes!(operations::me))
        .routes(routes!(operations::admin))
        .routes(routes!(operations::staff))
        .routes(routes!(operations::list_reports, operations::publish_report))
        .routes(routes!(operations::purge_report))
        .route("/livez", route!(get, alive).public())
        .route("/readyz", route!(get, ready).public())
}

async fn alive() -> &'static str {
    "alive"
}

/// Answers 200 as soon as the keys of every issuer are available.
async fn ready(State(verifier): State<Verifier>) -> Response {
    match verifier.ready() {
        Ok(()) => "ready".into_response(),
        Err(unavailable) => (StatusCode::SERVICE_UNAVAILABLE, unavailable.to_string()).into_response(),
    }
}
