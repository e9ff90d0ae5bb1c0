//! The arguments of a generic handler are unknown until its types are named.

use axum::extract::State;
use countersign::Verifier;
use utoipa_axum::router::OpenApiRouter;

#[utoipa::path(get, path = "/")]
async fn generic<T>(_: State<T>) {}

fn main() {
    let _: OpenApiRouter<Verifier> = OpenApiRouter::new().routes(countersign::routes!(generic).into());
}
