//! Countersign: the extractor, with discovery.

use super::open;
use crate::tokens::{AUDIENCE, Staff};
use axum::Router;
use axum::routing::get;
use countersign::providers::Oidc;
use countersign::{ConfigError, CurrentUser, Verifier};

pub(super) async fn router(issuer: &str) -> Result<Router, ConfigError> {
    let verifier = verifier(issuer).await?;
    Ok(Router::new().route("/open", get(open)).route("/protected", get(protected)).with_state(verifier))
}

/// The verifier with default settings, as in a user's program.
async fn verifier(issuer: &str) -> Result<Verifier, ConfigError> {
    Verifier::builder().issuer(Oidc::issuer(issuer).audience(AUDIENCE)).require_keys().build().await
}

async fn protected(CurrentUser(user): CurrentUser<Staff>) -> String {
    user.sub.clone()
}
