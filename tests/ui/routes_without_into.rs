//! utoipa's router takes routes with `.into()`, which writes their document.

use countersign::{Verifier, routes};
use utoipa_axum::router::OpenApiRouter;

#[utoipa::path(get, path = "/open")]
async fn open() {}

fn main() {
    let _: OpenApiRouter<Verifier> = OpenApiRouter::new().routes(routes!(open));
}
