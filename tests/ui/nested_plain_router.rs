//! A `GuardedRouter` cannot nest axum's router, whose routes do not say who may call them.

use axum::Router;
use countersign::GuardedRouter;

fn main() {
    let _ = GuardedRouter::<()>::new().nest("/plain", Router::new());
    let _ = GuardedRouter::<()>::new().merge(Router::new());
    let _ = GuardedRouter::<()>::new().route("/plain", axum::routing::get(async || ()));
}
