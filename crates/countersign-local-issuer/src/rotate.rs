//! The endpoint that rotates the signing keys.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use countersign_testing::IssuerHandle;
use serde_json::json;

/// Signs with new keys from now on, and responds with their key ids.
pub(crate) async fn endpoint(State(issuer): State<IssuerHandle>) -> Response {
    // Generating RSA keys is slow.
    let rotated = tokio::task::spawn_blocking(move || {
        issuer.rotate();
        issuer.key_ids()
    });
    match rotated.await {
        Ok(key_ids) => Json(json!({ "kids": key_ids })).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
