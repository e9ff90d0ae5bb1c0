//! No guard: the base of the other contenders' costs.

use super::open;
use axum::Router;
use axum::routing::get;

pub(super) fn router() -> Router {
    Router::new().route("/open", get(open)).route("/protected", get(open))
}
