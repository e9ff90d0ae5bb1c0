//! The list of endpoints, and the layers around them.

use crate::loopback::{is_loopback_origin, reject_remote_sites};
use crate::server_state::ServerState;
use crate::{authorize, rotate, token};
use axum::extract::DefaultBodyLimit;
use axum::http::{Method, header};
use axum::routing::{get, post};
use axum::{Router, middleware};
use countersign_testing::IssuerHandle;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// The largest request body. It is larger than any request that the endpoints accept.
const MAX_BODY_BYTES: usize = 16 * 1024;
/// A header that Swagger UI sends to the token endpoint.
const X_REQUESTED_WITH: header::HeaderName = header::HeaderName::from_static("x-requested-with");

/// Adds the endpoints of a login to those of the issuer.
pub(crate) fn with_endpoints(provider: Router, state: ServerState, issuer: IssuerHandle) -> Router {
    // Swagger UI exchanges its authorization codes in the browser, so pages of this machine may read answers.
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(|origin, _| is_loopback_origin(origin)))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, X_REQUESTED_WITH]);
    let token = post(token::endpoint).with_state((state.clone(), issuer.clone()));
    let authorize = get(authorize::show).post(authorize::choose).with_state((state, issuer.clone()));
    Router::new()
        .route("/token", token)
        .route("/rotate", post(rotate::endpoint).with_state(issuer))
        .merge(provider)
        .layer(cors)
        // Outside the CORS layer: browsers navigate to the login page, and no script may read it.
        .route("/authorize", authorize)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(middleware::from_fn(reject_remote_sites))
}
