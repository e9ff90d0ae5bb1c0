//! The state contains no verifier.

use axum::{Router, routing::get};
use countersign::CurrentUser;

#[derive(Clone)]
struct AppState;

#[axum::debug_handler(state = AppState)]
async fn me(_: CurrentUser) {}

fn main() {
    let _: Router = Router::new().route("/me", get(me)).with_state(AppState);
}
