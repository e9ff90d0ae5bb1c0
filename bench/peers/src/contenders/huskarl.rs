//! huskarl-axum: its layer and extractor, with claims of one's own, since the tokens are not of the RFC 9068 profile.
//!
//! Its discovery wants a token endpoint, which the local issuer has not, so it is told where the keys are.

use super::open;
use crate::tokens::AUDIENCE;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use huskarl_axum::extractors::ValidatedToken;
use huskarl_axum::layers::ValidatorLayer;
use huskarl_axum::resource_server::validator::custom::CustomValidator;
use huskarl_reqwest::ReqwestClient;
use huskarl_reqwest::mtls::NoMtls;
use serde::Deserialize;
use std::error::Error;

pub(super) async fn router(issuer: &str) -> Result<Router, Box<dyn Error>> {
    let client = ReqwestClient::builder().mtls(NoMtls).build().await?;
    let validator = CustomValidator::builder()
        .with_claims::<OurClaims>()
        .authorization_server(issuer)
        .iss(issuer)
        .aud(AUDIENCE)
        .jwks_uri(format!("{issuer}/jwks").parse()?)
        .jwks_source(client)
        .build()
        .await?;

    let auth = ValidatorLayer::builder().validator(validator).build();
    Ok(Router::new().route("/protected", get(protected)).layer(auth.authenticated()).route("/open", get(open)))
}

async fn protected(token: ValidatedToken<OurClaims>) -> Result<String, StatusCode> {
    token.sub.clone().ok_or(StatusCode::UNAUTHORIZED)
}

/// What it does not read itself: `sub` and `exp` are fields of its token.
#[derive(Clone, Debug, Deserialize)]
#[expect(dead_code, reason = "being deserialized is what they are for")]
struct OurClaims {
    email: String,
    groups: Vec<String>,
}
