//! The API that both examples serve.
//!
//! Who may call an operation stands in its handler's argument types, and nowhere else: the enforcement, the answers
//! and the document at `/openapi.json` all come from there.

mod operations;
mod public_user;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use countersign::{BearerAuth, Verifier};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

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

/// The API with its document at `/openapi.json` and Swagger UI at `/docs`.
pub fn router(verifier: Verifier) -> Router {
    let (router, openapi) = api().with_state(verifier.clone()).split_for_parts();
    router
        .route("/livez", get(|| async { "alive" }))
        .route("/readyz", get(ready).with_state(verifier))
        .merge(SwaggerUi::new("/docs").url("/openapi.json", openapi))
}

/// The documented operations.
pub fn api() -> OpenApiRouter<Verifier> {
    OpenApiRouter::with_openapi(ApiDoc::openapi())
        .routes(countersign::routes!(operations::public))
        .routes(countersign::routes!(operations::optional))
        .routes(countersign::routes!(operations::me))
        .routes(countersign::routes!(operations::admin))
        .routes(countersign::routes!(operations::staff))
        .routes(countersign::routes!(operations::list_reports, operations::publish_report))
        .routes(countersign::routes!(operations::purge_report))
}

/// 200 as soon as every issuer's keys are there.
async fn ready(State(verifier): State<Verifier>) -> Response {
    match verifier.ready() {
        Ok(()) => "ready".into_response(),
        Err(unavailable) => (StatusCode::SERVICE_UNAVAILABLE, unavailable.to_string()).into_response(),
    }
}
