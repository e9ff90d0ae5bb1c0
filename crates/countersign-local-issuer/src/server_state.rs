//! What the endpoints share, and where they are.

use super::authorization_code::{Codes, Promise};
use super::grant::{Grant, OPENID};
use super::loopback::{is_loopback_origin, refuse_strangers};
use super::persona::Persona;
use super::{authorize, token_endpoint};
use crate::provider_server::ProviderState;
use crate::test_token::TestToken;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// A provider that lets clients log personas in.
#[derive(Debug)]
pub(crate) struct AuthorizationServer {
    provider: Arc<ProviderState>,
    personas: Vec<Arc<Persona>>,
    audience: String,
    lifetime: Duration,
    codes: Mutex<Codes>,
}

impl AuthorizationServer {
    pub(crate) fn new(
        provider: Arc<ProviderState>,
        personas: Vec<Arc<Persona>>,
        audience: String,
        lifetime: Duration,
    ) -> Self {
        Self { provider, personas, audience, lifetime, codes: Mutex::default() }
    }

    /// What discovery says of the endpoints (RFC 8414 section 2, OpenID Connect Discovery section 3).
    pub(crate) fn metadata(issuer: &str, personas: &[Arc<Persona>]) -> Map<String, Value> {
        let scopes = personas.iter().flat_map(|persona| persona.scope_names()).map(String::as_str);
        let scopes: BTreeSet<&str> = scopes.chain([OPENID]).collect();
        let metadata = json!({
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "client_credentials"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": scopes,
            "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "authorization_response_iss_parameter_supported": true, // RFC 9207
            "request_uri_parameter_supported": false, // true where nothing is said
        });
        metadata.as_object().cloned().unwrap_or_default()
    }

    /// All endpoints, with those of the provider. Pages of this machine may call them: Swagger UI exchanges its codes
    /// from the browser.
    pub(crate) fn router(self: Arc<Self>) -> Router {
        let provider = Arc::clone(&self.provider).router();
        let cors = CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(|origin, _| is_loopback_origin(origin)))
            .allow_methods([Method::GET, Method::POST])
            .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, X_REQUESTED_WITH]);
        Router::new()
            .route("/token", post(token_endpoint::answer))
            .route("/rotate", post(rotate))
            .with_state(Arc::clone(&self))
            .merge(provider)
            .layer(cors)
            .route("/authorize", get(authorize::show).post(authorize::choose).with_state(self))
            .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
            .layer(middleware::from_fn(refuse_strangers))
    }

    pub(crate) fn issuer(&self) -> &str {
        self.provider.url()
    }

    pub(crate) fn audience(&self) -> &str {
        &self.audience
    }

    pub(crate) fn personas(&self) -> &[Arc<Persona>] {
        &self.personas
    }

    pub(crate) fn persona(&self, name: &str) -> Option<Arc<Persona>> {
        self.personas.iter().find(|persona| persona.name() == name).cloned()
    }

    pub(crate) fn issue_code(&self, promise: Promise) -> String {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner).issue(promise, Instant::now())
    }

    pub(crate) fn redeem_code(&self, code: &str) -> Option<Promise> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner).redeem(code, Instant::now())
    }

    /// The answer to a client that was granted this (RFC 6749 section 5.1).
    pub(crate) fn tokens(&self, grant: &Grant) -> Value {
        let access_token = grant.access_token(&self.provider, self.lifetime);
        let expires_in = access_token.remaining().as_secs();
        let access_token = access_token.mint();
        let mut tokens = json!({
            "token_type": "Bearer",
            "expires_in": expires_in,
            "scope": grant.scope(),
        });
        if let Some(id_token) = grant.id_token(&self.provider, self.lifetime, &access_token) {
            tokens["id_token"] = id_token.mint().into();
        }
        tokens["access_token"] = access_token.into();
        tokens
    }

    /// An access token for the default audience, with all of the persona's scopes.
    pub(crate) fn token(&self, persona: Arc<Persona>) -> TestToken {
        let grant = Grant::user("local-issuer", persona, None, vec![self.audience.clone()], None);
        grant.access_token(&self.provider, self.lifetime)
    }
}

/// More than any request that is answered.
const MAX_BODY_BYTES: usize = 16 * 1024;
/// Swagger UI sends it along.
const X_REQUESTED_WITH: header::HeaderName = header::HeaderName::from_static("x-requested-with");

/// Signs with new keys from now on, and says which.
async fn rotate(State(server): State<Arc<AuthorizationServer>>) -> Response {
    let provider = Arc::clone(&server.provider);
    // New RSA keys take a while.
    let rotated = tokio::task::spawn_blocking(move || {
        provider.rotate();
        provider.changing().signing.iter().map(|key| key.kid().to_owned()).collect::<Vec<_>>()
    });
    match rotated.await {
        Ok(kids) => Json(json!({ "kids": kids })).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
