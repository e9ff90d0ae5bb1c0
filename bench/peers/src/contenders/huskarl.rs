//! huskarl-axum: its layer and extractor, with custom claims, since the tokens do not follow RFC 9068.
//!
//! Its discovery requires a token endpoint, which the local issuer lacks. So it gets the URL of the keys.

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

/// The claims that are not fields of its token, as `sub` and `exp` are.
#[derive(Clone, Debug, Deserialize)]
#[expect(dead_code, reason = "being deserialized is what they are for")]
struct OurClaims {
    email: String,
    groups: Vec<String>,
}
