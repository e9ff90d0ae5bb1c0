//! The security schemes of a document: how a client gets a token.

use crate::access::Access;
use crate::extension;
use crate::openapi::{BearerAuth, operations, security};
use countersign_core::Expr;
use countersign_providers::ProviderMetadata;
use std::collections::BTreeMap;
use utoipa::Modify;
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::PathItem;
use utoipa::openapi::security::{AuthorizationCode, Flow, OAuth2, OpenIdConnect, Scopes, SecurityScheme};

/// Adds security schemes to a finished document, and each of them as an alternative to every operation that is guarded:
/// bearer tokens always, `openIdConnect` and `oauth2` (authorization code, which Swagger UI runs with PKCE) where the
/// provider is known. The scopes of `oauth2` are those that the guards name.
///
/// Schemes that the document has under the same names stay as they are.
///
/// # Example
///
/// ```
/// use countersign::SecuritySchemes;
/// use utoipa::Modify;
///
/// # let mut openapi = utoipa::openapi::OpenApiBuilder::new().build();
/// SecuritySchemes::bearer()
///     .openid_connect("https://idp.example.com/.well-known/openid-configuration")
///     .oauth2("https://idp.example.com/authorize", "https://idp.example.com/token")
///     .modify(&mut openapi);
/// assert!(openapi.to_json()?.contains("authorizationCode"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SecuritySchemes {
    openid_connect: Option<String>,
    oauth2: Option<(String, String)>,
}

impl SecuritySchemes {
    const OPENID_CONNECT: &str = "openIdConnect";
    const OAUTH2: &str = "oauth2";

    /// Bearer tokens, from wherever.
    pub fn bearer() -> Self {
        Self { openid_connect: None, oauth2: None }
    }

    /// What a provider's discovery document says.
    pub fn discovered(metadata: &ProviderMetadata) -> Self {
        let schemes = Self::bearer().openid_connect(metadata.url());
        match (metadata.authorization_endpoint(), metadata.token_endpoint()) {
            (Some(authorization), Some(token)) => schemes.oauth2(authorization, token),
            _ => schemes,
        }
    }

    /// OpenID Connect, by the URL of the discovery document.
    #[must_use]
    pub fn openid_connect(mut self, discovery_url: impl Into<String>) -> Self {
        self.openid_connect = Some(discovery_url.into());
        self
    }

    /// OAuth 2 with the authorization code flow.
    #[must_use]
    pub fn oauth2(mut self, authorization_url: impl Into<String>, token_url: impl Into<String>) -> Self {
        self.oauth2 = Some((authorization_url.into(), token_url.into()));
        self
    }

    fn names(&self) -> Vec<&'static str> {
        let openid_connect = self.openid_connect.as_ref().map(|_| Self::OPENID_CONNECT);
        let oauth2 = self.oauth2.as_ref().map(|_| Self::OAUTH2);
        [Some(BearerAuth::NAME), openid_connect, oauth2].into_iter().flatten().collect()
    }
}

impl Modify for SecuritySchemes {
    fn modify(&self, openapi: &mut OpenApi) {
        let mut scopes = BTreeMap::new();
        for item in openapi.paths.paths.values_mut() {
            self.add_to_operations(item, &mut scopes);
        }
        BearerAuth.modify(openapi);
        let schemes = &mut openapi.components.get_or_insert_default().security_schemes;
        let mut add = |name: &str, scheme: SecurityScheme| {
            schemes.entry(name.to_owned()).or_insert_with(|| scheme.into());
        };
        if let Some(url) = &self.openid_connect {
            add(Self::OPENID_CONNECT, SecurityScheme::OpenIdConnect(OpenIdConnect::new(url)));
        }
        if let Some((authorization, token)) = &self.oauth2 {
            let flow = AuthorizationCode::new(authorization, token, Scopes::from_iter(scopes));
            add(Self::OAUTH2, SecurityScheme::OAuth2(OAuth2::new([Flow::AuthorizationCode(flow)])));
        }
    }
}

impl SecuritySchemes {
    fn add_to_operations(&self, item: &mut PathItem, scopes: &mut BTreeMap<String, String>) {
        for (_, operation) in operations(item) {
            let access = extension::read(operation);
            if let Access::Optional | Access::Required(_) = access {
                operation.security = Some(security(&access, &self.names()));
            }
            if let Access::Required(exprs) = &access {
                exprs.iter().for_each(|expr| expr.visit(&mut |part| collect(part, scopes)));
            }
        }
    }
}

fn collect(part: &Expr, scopes: &mut BTreeMap<String, String>) {
    if let Expr::Scope(grant) = part {
        scopes.extend(grant.names().map(|name| (name.to_string(), String::new())));
    }
}
