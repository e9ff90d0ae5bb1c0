//! utoipa cannot name a handler with type arguments.

use countersign::Verifier;
use utoipa_axum::router::OpenApiRouter;

async fn generic<T>() {}

fn main() {
    let _: OpenApiRouter<Verifier> = OpenApiRouter::new().routes(countersign::routes!(generic::<u8>).into());
}
