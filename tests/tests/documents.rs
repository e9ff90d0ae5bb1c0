//! Invariant 11: what is enforced is never read back out of a document that somebody else can edit.

use countersign::{GuardedRouter, routes};
use serde_json::json;

#[utoipa::path(get, path = "/open", extensions(("x-access" = json!({"group": "admin"}))))]
async fn open() {}

#[test]
fn an_access_that_is_written_by_hand_decides_nothing() {
    let undecided = GuardedRouter::<()>::new().routes(routes!(open)).build().unwrap_err();
    assert!(undecided.to_string().contains("GET /open"), "{undecided}");
}
