//! The state of a documented app contains no verifier.

use countersign::CurrentUser;
use utoipa_axum::router::OpenApiRouter;

#[derive(Clone)]
struct AppState;

#[utoipa::path(get, path = "/me")]
async fn me(_: CurrentUser) {}

fn main() {
    let _ = OpenApiRouter::new().routes(countersign::routes!(me).into()).with_state::<()>(AppState);
}
