//! The HTTP server of a [`TestIssuer`](crate::TestIssuer): discovery and keys, damaged by the current fault.

use crate::fault::{Fault, json};
use crate::issuer_state::IssuerState;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::ListenerExt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::net::TcpListener;

/// Routes the discovery document and the key set.
pub(crate) fn router(state: Arc<IssuerState>) -> Router {
    Router::new().route("/.well-known/openid-configuration", get(discovery)).route("/jwks", get(jwks)).with_state(state)
}

/// Serves until the task is aborted.
pub(crate) async fn serve(state: Arc<IssuerState>, listener: TcpListener, router: Router) {
    let listener = listener.tap_io(move |connection| {
        if state.data().fault == Some(Fault::Reset) {
            // With zero linger, closing the connection resets it.
            let _ = connection.set_zero_linger();
        }
    });
    let _ = axum::serve(listener, router).await;
}

async fn discovery(State(state): State<Arc<IssuerState>>) -> Response {
    state.discovery_requests.fetch_add(1, Ordering::SeqCst);
    respond(&state, state.discovery_document().to_string()).await
}

async fn jwks(State(state): State<Arc<IssuerState>>, headers: HeaderMap) -> Response {
    state.key_requests.fetch_add(1, Ordering::SeqCst);
    let (jwks, etag, max_age, is_faultless) = {
        let data = state.data();
        (data.jwks(), format!("\"{}\"", data.keys_version), data.keys_max_age, data.fault.is_none())
    };
    let mut response = if is_faultless && headers.get(header::IF_NONE_MATCH).is_some_and(|known| *known == *etag) {
        state.not_modified_answers.fetch_add(1, Ordering::SeqCst);
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        respond(&state, jwks.to_string()).await
    };
    if is_faultless {
        let cache_control = max_age.map(|max_age| format!("max-age={}", max_age.as_secs()));
        for (name, value) in [(header::ETAG, Some(etag)), (header::CACHE_CONTROL, cache_control)] {
            if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
                response.headers_mut().insert(name, value);
            }
        }
    }
    response
}

async fn respond(state: &IssuerState, body: String) -> Response {
    let fault = state.data().fault.clone();
    let mut response = match fault {
        Some(fault) => fault.apply(body).await,
        None => json(body),
    };
    // Each request gets a new connection, so that a fault of connections affects the next request.
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
