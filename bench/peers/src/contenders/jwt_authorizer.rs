//! jwt-authorizer: its layer and extractor, with discovery, on axum 0.7.

use super::open;
use crate::tokens::{AUDIENCE, Staff};
use axum07::Router;
use axum07::routing::get;
use jwt_authorizer::{Authorizer, IntoLayer, JwtAuthorizer, JwtClaims, Validation};
use std::error::Error;

pub(super) async fn router(issuer: &str) -> Result<Router, Box<dyn Error>> {
    let validation = Validation::new().iss(&[issuer]).aud(&[AUDIENCE]).nbf(true);
    let authorizer: Authorizer<Staff> = JwtAuthorizer::from_oidc(issuer).validation(validation).build().await?;
    Ok(Router::new().route("/protected", get(protected)).layer(authorizer.into_layer()).route("/open", get(open)))
}

async fn protected(JwtClaims(user): JwtClaims<Staff>) -> String {
    user.sub
}
