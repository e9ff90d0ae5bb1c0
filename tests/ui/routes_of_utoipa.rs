//! A `GuardedRouter` rejects utoipa's routes, which do not say who may call them.

use countersign::GuardedRouter;

#[utoipa::path(get, path = "/open")]
async fn open() {}

fn main() {
    let _ = GuardedRouter::<()>::new().routes(utoipa_axum::routes!(open));
}
