//! No guard at all: what the others' costs are counted from.

use super::open;
use axum::Router;
use axum::routing::get;

pub(super) fn router() -> Router {
    Router::new().route("/open", get(open)).route("/protected", get(open))
}
