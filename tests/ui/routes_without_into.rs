//! utoipa's router needs `.into()`, which writes the document of the routes.

use countersign::{Verifier, routes};
use utoipa_axum::router::OpenApiRouter;

#[utoipa::path(get, path = "/open")]
async fn open() {}

fn main() {
    let _: OpenApiRouter<Verifier> = OpenApiRouter::new().routes(routes!(open));
}
