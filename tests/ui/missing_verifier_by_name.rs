//! The state contains a verifier, but not the one that the handler names.

use axum::{Router, routing::get};
use countersign::{By, CurrentUser, Verifier};

enum Staff {}

#[axum::debug_handler(state = Verifier)]
async fn me(_: By<Staff, CurrentUser>) {}

fn app(verifier: Verifier) -> Router {
    Router::new().route("/me", get(me)).with_state(verifier)
}

fn main() {
    let _ = app;
}
