//! axum-jwt-auth: its extractor, with the issuer's key set. It has no discovery.

use super::open;
use crate::tokens::{AUDIENCE, Staff};
use axum::Router;
use axum::extract::FromRef;
use axum::routing::get;
use axum_jwt_auth::{Claims, Decoder, RemoteJwksDecoder};
use jsonwebtoken10::{Algorithm, Validation};
use std::error::Error;
use std::sync::Arc;

pub(super) async fn router(issuer: &str) -> Result<Router, Box<dyn Error>> {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[issuer]);
    let decoder = RemoteJwksDecoder::builder().jwks_url(format!("{issuer}/jwks")).validation(validation).build()?;
    let decoder = Arc::new(decoder);
    decoder.initialize().await?;

    let state = AppState { decoder };
    Ok(Router::new().route("/open", get(open)).route("/protected", get(protected)).with_state(state))
}

async fn protected(user: Claims<Staff>) -> String {
    user.claims.sub
}

#[derive(Clone)]
struct AppState {
    decoder: Decoder<Staff>,
}

impl FromRef<AppState> for Decoder<Staff> {
    fn from_ref(state: &AppState) -> Self {
        Arc::clone(&state.decoder)
    }
}
