//! Two providers, a token on all paths except the public ones, and websockets: `MiddlewareOauth2`.

use axum::http::HeaderValue;
use axum::http::header::AUTHORIZATION;
use axum::response::Response;
use axum::routing::{any, get};
use axum::{Extension, Router};
use countersign::layer::exposed_headers;
use countersign::providers::Oidc;
use countersign::ws::{AuthenticatedSocket, AuthenticatedUpgrade, BrowserUpgrade};
use countersign::{ConfigError, Principal, Verifier, authenticated};
use tower_http::cors::CorsLayer;

/// Two providers: one with the URL of its keys, one with its keys in the configuration.
///
/// # Errors
///
/// [`ConfigError`] if the configuration of the provider is invalid.
pub async fn verifier(staff: &str, partner: &str, partners_keys: &str) -> Result<Verifier, ConfigError> {
    Verifier::builder()
        .issuer(Oidc::issuer(staff).audience("api").jwks_url(format!("{staff}/jwks")).named("staff"))
        .issuer(Oidc::issuer(partner).audience("api").jwks(partners_keys).named("partner"))
        .build()
        .await
}

async fn whoami(Extension(caller): Extension<Principal>) -> String {
    format!("{} by {}", caller.subject(), caller.issuer_name())
}

async fn open(caller: Option<Extension<Principal>>) -> String {
    caller.map_or("nobody".to_owned(), |Extension(caller)| caller.subject().to_owned())
}

async fn socket(upgrade: AuthenticatedUpgrade) -> Response {
    upgrade.on_upgrade(greet)
}

async fn browser_socket(BrowserUpgrade(upgrade): BrowserUpgrade) -> Response {
    upgrade.on_upgrade(greet)
}

async fn greet(mut socket: AuthenticatedSocket, caller: Principal) {
    let greeting = format!("Hello, {}", caller.subject());
    let _ = socket.send(greeting.into()).await;
}

/// The program. Pages of the origin `page` may call it.
pub fn app(verifier: Verifier, page: HeaderValue) -> Router {
    let cors = CorsLayer::new().allow_origin(page).allow_headers([AUTHORIZATION]).expose_headers(exposed_headers());
    Router::new()
        .route("/whoami", get(whoami))
        .route("/open", get(open))
        .route("/ws", any(socket))
        .layer(authenticated(&verifier).except(["/open"]))
        // Outside the layer: the socket itself rejects the token, with a close code that a browser can read.
        .route("/browser/ws", any(browser_socket))
        .layer(cors)
        .with_state(verifier)
}
