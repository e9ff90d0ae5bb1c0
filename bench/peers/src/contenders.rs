//! The contenders, by name.

mod axum_jwt_auth;
mod bare;
mod countersign;
mod huskarl;
mod jsonwebtoken;
mod jwt_authorizer;
mod oauth_resource_server;
mod tower_oauth2_resource_server;

use crate::app::App;
use crate::tokens::SUBJECT;
use std::error::Error;

/// A library that guards a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contender {
    /// No guard.
    Bare,
    /// Countersign.
    Countersign,
    /// oauth-resource-server 0.4.
    OAuthResourceServer,
    /// huskarl-axum 0.1 with huskarl-resource-server 0.11.
    Huskarl,
    /// tower-oauth2-resource-server 0.12.
    TowerOAuth2ResourceServer,
    /// axum-jwt-auth 0.7.
    AxumJwtAuth,
    /// jwt-authorizer 0.15.
    JwtAuthorizer,
    /// jsonwebtoken 11 in a hand-written extractor.
    Jsonwebtoken,
}

impl Contender {
    /// All contenders with a guard.
    pub const GUARDS: [Self; 7] = [
        Self::Countersign,
        Self::Jsonwebtoken,
        Self::OAuthResourceServer,
        Self::TowerOAuth2ResourceServer,
        Self::JwtAuthorizer,
        Self::Huskarl,
        Self::AxumJwtAuth,
    ];

    /// The name in tables and command lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Countersign => "countersign",
            Self::OAuthResourceServer => "oauth-resource-server",
            Self::Huskarl => "huskarl-axum",
            Self::TowerOAuth2ResourceServer => "tower-oauth2-resource-server",
            Self::AxumJwtAuth => "axum-jwt-auth",
            Self::JwtAuthorizer => "jwt-authorizer",
            Self::Jsonwebtoken => "jsonwebtoken",
        }
    }

    /// The contender with this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Bare].into_iter().chain(Self::GUARDS).find(|contender| contender.name() == name)
    }

    /// The contender's router, with the keys of this issuer: `/open` for everybody, `/protected` for callers with a valid
    /// token.
    ///
    /// # Errors
    ///
    /// If the issuer's keys cannot be fetched.
    pub async fn app(self, issuer: &str) -> Result<App, Box<dyn Error>> {
        Ok(match self {
            Self::Bare => App::Axum08(bare::router()),
            Self::Countersign => App::Axum08(countersign::router(issuer).await?),
            Self::OAuthResourceServer => App::Axum08(oauth_resource_server::router(issuer).await?),
            Self::Huskarl => App::Axum08(huskarl::router(issuer).await?),
            Self::TowerOAuth2ResourceServer => App::Axum08(tower_oauth2_resource_server::router(issuer).await?),
            Self::AxumJwtAuth => App::Axum08(axum_jwt_auth::router(issuer).await?),
            Self::JwtAuthorizer => App::Axum07(jwt_authorizer::router(issuer).await?),
            Self::Jsonwebtoken => App::Axum08(jsonwebtoken::router(issuer).await?),
        })
    }
}

/// The handler of every open route. It returns the same body as the protected route, made in the same way.
async fn open() -> String {
    SUBJECT.to_owned()
}
