//! A guarded router takes no routes of which nobody knows who may call them.

use countersign::GuardedRouter;

#[utoipa::path(get, path = "/open")]
async fn open() {}

fn main() {
    let _ = GuardedRouter::<()>::new().routes(utoipa_axum::routes!(open));
}
