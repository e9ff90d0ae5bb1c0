//! A state in an `Arc` whose application forgot to put the verifier into it.

use axum::Router;
use axum::routing::get;
use countersign::CurrentUser;
use std::sync::Arc;

struct AppState;

#[axum::debug_handler(state = Arc<AppState>)]
async fn me(_: CurrentUser) {}

fn main() {
    let _: Router = Router::new().route("/me", get(me)).with_state(Arc::new(AppState));
}
