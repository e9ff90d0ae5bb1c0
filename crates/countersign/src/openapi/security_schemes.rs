//! The security schemes of a document: how a client gets a token.

use crate::openapi::operation::{BearerAuth, answer, operations};
use crate::source::Place;
use crate::verifier::Verifier;
#[cfg(feature = "fetch")]
use countersign_providers::ProviderMetadata;
use std::collections::BTreeMap;
use utoipa::Modify;
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::PathItem;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, AuthorizationCode, Flow, OAuth2, OpenIdConnect, Scopes, SecurityRequirement, SecurityScheme,
};

/// Adds security schemes to a finished document, and each of them as an alternative to every operation whose `security`
/// names [`BearerAuth`], as that of every guarded operation does: bearer tokens, or what a verifier's
/// [sources](Self::of) are, `openIdConnect` and `oauth2` (authorization code, which Swagger UI runs with PKCE) where
/// the provider is known. The scopes of `oauth2` are those that `security` names.
///
/// It reads `security` alone. An `x-access` that was written by hand changes nothing here.
///
/// Schemes that the document has under the same names stay as they are.
///
/// # Example
///
/// ```
/// use countersign::openapi::SecuritySchemes;
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
    /// Sources of tokens, each under the name of its scheme.
    sources: Vec<(String, Place)>,
    openid_connect: Option<String>,
    oauth2: Option<(String, String)>,
}

impl SecuritySchemes {
    const OPENID_CONNECT: &str = "openIdConnect";
    const OAUTH2: &str = "oauth2";

    /// Bearer tokens, from wherever.
    pub fn bearer() -> Self {
        Self { sources: vec![(BearerAuth::NAME.to_owned(), Place::Authorization)], openid_connect: None, oauth2: None }
    }

    /// The [sources](crate::VerifierBuilder::sources) that a verifier takes tokens from: `bearerAuth` for
    /// `Authorization`, `headerAuth` and `cookieAuth` as API keys. What only websockets use has no word in OpenAPI, and
    /// is left out.
    ///
    /// # Example
    ///
    /// ```
    /// use countersign::openapi::SecuritySchemes;
    /// use countersign::Verifier;
    /// use utoipa::Modify;
    ///
    /// fn document(verifier: &Verifier, openapi: &mut utoipa::openapi::OpenApi) {
    ///     SecuritySchemes::of(verifier).modify(openapi);
    /// }
    /// ```
    pub fn of(verifier: &Verifier) -> Self {
        let mut sources: Vec<(String, Place)> = Vec::new();
        for place in verifier.http().requests().sources.places() {
            let name = match place {
                Place::Authorization => BearerAuth::NAME,
                Place::Header(_) => "headerAuth",
                Place::Cookie(_) => "cookieAuth",
                Place::WebSocketProtocol | Place::Query(_) => continue,
            };
            let others = sources.iter().filter(|(other, _)| other.starts_with(name)).count();
            let number = if others == 0 { String::new() } else { (others + 1).to_string() };
            sources.push((format!("{name}{number}"), place.clone()));
        }
        Self { sources, ..Self::bearer() }
    }

    /// Takes the schemes of a provider's discovery document.
    #[cfg(feature = "fetch")]
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

    fn names(&self) -> Vec<&str> {
        let openid_connect = self.openid_connect.as_ref().map(|_| Self::OPENID_CONNECT);
        let oauth2 = self.oauth2.as_ref().map(|_| Self::OAUTH2);
        let sources = self.sources.iter().map(|(name, _)| name.as_str());
        sources.chain(openid_connect).chain(oauth2).collect()
    }
}

impl Modify for SecuritySchemes {
    fn modify(&self, openapi: &mut OpenApi) {
        let mut scopes = BTreeMap::new();
        for item in openapi.paths.paths.values_mut() {
            self.add_to_operations(item, &mut scopes);
        }
        if self.sources.iter().any(|(name, _)| name == BearerAuth::NAME) {
            BearerAuth.modify(openapi);
        }
        let schemes = &mut openapi.components.get_or_insert_default().security_schemes;
        let mut add = |name: &str, scheme: SecurityScheme| {
            schemes.entry(name.to_owned()).or_insert_with(|| scheme.into());
        };
        for (name, place) in &self.sources {
            match place {
                Place::Header(header) => {
                    add(name, SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new(header.as_str()))));
                }
                Place::Cookie(cookie) => {
                    add(name, SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(&**cookie))));
                }
                Place::Authorization | Place::WebSocketProtocol | Place::Query(_) => {}
            }
        }
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
        let has_cookie = self.sources.iter().any(|(_, place)| matches!(place, Place::Cookie(_)));
        for (method, operation) in operations(item) {
            let written = operation.security.iter().flatten().map(Alternative::of).collect::<Vec<_>>();
            let bearer: Vec<&Alternative> = written.iter().filter(|one| one.contains(BearerAuth::NAME)).collect();
            if bearer.is_empty() {
                continue;
            }
            let names = bearer.iter().flat_map(|one| one.scopes(BearerAuth::NAME));
            scopes.extend(names.map(|scope| (scope.clone(), String::new())));
            let mut security = Vec::new();
            for one in written.iter().flat_map(|one| one.under(&self.names())) {
                if !security.contains(&one) {
                    security.push(one);
                }
            }
            operation.security = Some(security);
            if has_cookie && !matches!(method, "GET" | "HEAD" | "OPTIONS") {
                answer(operation, "403", "A cookie does not authorize this from a page of another origin");
            }
        }
    }
}

/// One entry of an operation's `security`: schemes that are needed together, each with its scopes.
struct Alternative(BTreeMap<String, Vec<String>>);

impl Alternative {
    /// Reads a requirement through JSON, since utoipa has no accessor.
    fn of(requirement: &SecurityRequirement) -> Self {
        let schemes = serde_json::to_value(requirement).and_then(serde_json::from_value);
        Self(schemes.unwrap_or_default())
    }

    fn contains(&self, scheme: &str) -> bool {
        self.0.contains_key(scheme)
    }

    fn scopes(&self, scheme: &str) -> &[String] {
        self.0.get(scheme).map_or(&[], Vec::as_slice)
    }

    /// The same under each of these schemes in the place of bearer tokens. Without bearer tokens it stays as it is.
    fn under(&self, schemes: &[&str]) -> Vec<SecurityRequirement> {
        let others = |requirement: SecurityRequirement, (name, scopes): (&String, &Vec<String>)| {
            if name == BearerAuth::NAME { requirement } else { requirement.add(name, scopes) }
        };
        let rest = self.0.iter().fold(SecurityRequirement::default(), others);
        if !self.contains(BearerAuth::NAME) {
            return vec![rest];
        }
        schemes.iter().map(|scheme| rest.clone().add(*scheme, self.scopes(BearerAuth::NAME))).collect()
    }
}
