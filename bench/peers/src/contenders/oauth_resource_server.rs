//! oauth-resource-server: its layer, with discovery, and `claims_as` in the handler, as its README recommends.

use super::open;
use crate::tokens::{AUDIENCE, Staff};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use oauth_resource_server::axum::AuthLayer;
use oauth_resource_server::{AuthorizedToken, KeyNaming, OAuthConfig, OAuthValidator};
use std::error::Error;
use std::sync::Arc;

pub(super) async fn router(issuer: &str) -> Result<Router, Box<dyn Error>> {
    let config = OAuthConfig {
        enabled: true,
        issuer: issuer.to_owned(),
        audience: AUDIENCE.to_owned(),
        resource: AUDIENCE.to_owned(),
        // The route requires a caller, but no scope.
        allow_unscoped_tokens: true,
        ..OAuthConfig::default()
    };
    let config = config.resolve(KeyNaming::Dotted("oauth"))?.ok_or("it is enabled")?;
    let validator = Arc::new(OAuthValidator::new(&config)?);
    validator.spawn_background_refresh();
    validator.refresh_now().await?;

    let auth = AuthLayer::builder().oauth(validator).build()?;
    Ok(Router::new().route("/protected", get(protected)).route_layer(auth).route("/open", get(open)))
}

async fn protected(token: AuthorizedToken) -> Result<String, StatusCode> {
    let user: Staff = token.claims_as().map_err(|_| StatusCode::UNAUTHORIZED)?;
    Ok(user.sub)
}
