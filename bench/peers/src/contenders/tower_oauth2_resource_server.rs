//! tower-oauth2-resource-server: its layer with custom claims and discovery.

use super::open;
use crate::tokens::{AUDIENCE, Staff};
use axum::routing::get;
use axum::{Extension, Router};
use std::error::Error;
use tower_oauth2_resource_server::server::OAuth2ResourceServer;
use tower_oauth2_resource_server::tenant::TenantConfiguration;

pub(super) async fn router(issuer: &str) -> Result<Router, Box<dyn Error>> {
    let tenant = TenantConfiguration::builder(issuer).audiences(&[AUDIENCE]).build().await?;
    let server = OAuth2ResourceServer::<Staff>::builder().add_tenant(tenant).build().await?;
    Ok(Router::new().route("/protected", get(protected)).layer(server.into_layer()).route("/open", get(open)))
}

async fn protected(Extension(user): Extension<Staff>) -> String {
    user.sub
}
