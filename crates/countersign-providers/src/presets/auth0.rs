//! Auth0.

use crate::preset::docs::PresetDocs;
use crate::preset::environment::{Constructor, FromEnv, Setting, Variable};
use crate::preset::profile::Profile;
use crate::preset::provider::Provider;
use crate::preset::recipients::Recipients;
use crate::preset::traits::{IssuesBothKinds, Preset, TakesAudience, TakesClientId, sealed};
use crate::preset::url_parts::host;
use countersign_core::{Audience, ClaimMap, ClaimRule, ConfigError, ServiceAccountRule, TokenKind};
use serde::Deserialize;
use std::fmt;

/// Auth0: access tokens for an API of a tenant unless you ask for ID tokens.
///
/// Both token dialects are accepted, the default one (`azp`) and RFC 9068 (`client_id`, `typ: at+jwt`):
/// <https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles>. Permissions are in the token if the API
/// has "Add Permissions in the Access Token" on. Roles need a custom claim, which is named by a URL:
/// `.claim_map(Auth0::claims().roles(["https://acme.example/roles"]))`.
///
/// # Example
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use countersign_core::Verifier;
/// use countersign_providers::Auth0;
///
/// let verifier = Verifier::builder()
///     .issuer(Auth0::domain("acme.eu.auth0.com").audience("https://api.acme.example"))
///     .build()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Auth0 {
    domain: String,
    nonce: Option<String>,
}

impl fmt::Debug for Auth0 {
    /// Omits the nonce.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth0").field("domain", &self.domain).finish_non_exhaustive()
    }
}

/// The claims of an Auth0 token. Use them as they are, or `#[serde(flatten)]` them into your own.
///
/// # Example
///
/// ```
/// use countersign_providers::Auth0Claims;
///
/// #[derive(serde::Deserialize)]
/// struct Staff {
///     #[serde(flatten)]
///     auth0: Auth0Claims,
///     #[serde(rename = "https://acme.example/roles", default)]
///     roles: Vec<String>,
/// }
/// ```
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct Auth0Claims {
    /// The user's id, such as `auth0|123`; a program's id ends in `@clients`.
    pub sub: String,
    /// The application that asked for the token: `azp`, or `client_id` in the dialect of RFC 9068.
    #[serde(alias = "client_id")]
    pub azp: Option<String>,
    /// Scopes, separated by blanks.
    pub scope: Option<String>,
    /// Permissions, if the API adds them.
    #[serde(default)]
    pub permissions: Vec<String>,
    /// The organisation that the user logged in to.
    pub org_id: Option<String>,
    /// The organisation's name, if the tenant adds it.
    pub org_name: Option<String>,
    /// The full name, in ID tokens.
    pub name: Option<String>,
    /// The e-mail address, in ID tokens.
    pub email: Option<String>,
    /// True if Auth0 verified the address.
    pub email_verified: Option<bool>,
}

impl Auth0 {
    /// Selects the tenant of this domain, such as `acme.eu.auth0.com`, or of a custom domain.
    pub fn domain(domain: impl Into<String>) -> Provider<Self> {
        Provider::new(Self { domain: domain.into(), nonce: None })
    }

    /// Gives the claim map of Auth0: the claims that hold scopes, permissions and the like. Change it and pass it to
    /// [`claim_map`](Provider::claim_map).
    pub fn claims() -> ClaimMap {
        ClaimMap::default().username(["nickname"]).tenant(["org_id"]).machine([
            ServiceAccountRule::SubjectEnds("@clients"),
            ServiceAccountRule::Claim("gty", "client-credentials"),
            ServiceAccountRule::SubjectIs("azp"),
            ServiceAccountRule::SubjectIs("client_id"),
            // https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles
            ServiceAccountRule::Claim("sub_profile", "service"),
            ServiceAccountRule::Claim("sub_profile", "ai_agent"),
        ])
    }
}

impl Provider<Auth0> {
    /// Accepts only ID tokens with this nonce, which was sent with the log-in.
    pub fn nonce(mut self, nonce: impl Into<String>) -> Self {
        self.preset.nonce = Some(nonce.into());
        self
    }

    /// Accepts only users who logged in to one of these organisations.
    pub fn organizations<O: Into<Box<str>>>(self, organizations: impl IntoIterator<Item = O>) -> Self {
        self.rule(ClaimRule::one_of("org_id", organizations))
    }
}

impl sealed::Sealed for Auth0 {}
impl IssuesBothKinds for Auth0 {}

/// The audience is the API's identifier.
impl TakesAudience for Auth0 {}

impl TakesClientId for Auth0 {}

impl Preset for Auth0 {
    type Claims = Auth0Claims;

    const DOCS: PresetDocs = PresetDocs {
        name: "Auth0",
        constructor: r#"Auth0::domain("acme.eu.auth0.com").audience("https://api.acme.example")"#,
        console: "Auth0 Dashboard > Applications > APIs > your API > Settings (Identifier; RBAC: Add Permissions in the \
                  Access Token); Applications > your application > Settings (Domain, Client ID)",
        quirks: &[
            "The issuer ends in a slash.",
            "An access token names its client (`azp`, or `client_id`), its scopes or its grant (`gty`). An ID token has \
             none of these unless an action adds it, and its audience is a client, not an API. Do not configure a client id \
             as audience.",
            "Without an `audience` in the log-in request, Auth0 issues an opaque access token, which is refused as \
             `not_compact`.",
            "Roles are in a token only if you add a custom claim, whose name is a URL: \
             `.claim_map(Auth0::claims().roles([\"https://acme.example/roles\"]))`.",
        ],
        sources: &[
            "https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles",
            "https://auth0.com/docs/secure/tokens/json-web-tokens/locate-json-web-key-sets",
        ],
    };

    const FROM_ENV: FromEnv<Self> = FromEnv {
        constructor: Constructor::One(
            Variable::required("AUTH0_DOMAIN", "the tenant's domain, such as `acme.eu.auth0.com`"),
            Self::domain,
        ),
        settings: &[Setting::Each(
            Variable::required("AUTH0_AUDIENCE", "the API's identifier, or several separated by commas"),
            Provider::audience,
        )],
    };

    fn profile(self, recipients: Recipients) -> Result<Profile, ConfigError> {
        let domain = host("Auth0 domain", &self.domain, "it looks like `acme.eu.auth0.com`")?;
        let iss = format!("https://{domain}/");
        let keys = format!("{iss}.well-known/jwks.json");
        // The client, its scopes or its grant: no ID token has any of them.
        let asked_for = ClaimRule::present("azp").or_at("client_id").or_at("scope").or_at("gty");
        let id = TokenKind::id().require(ClaimRule::absent("scope")).require(ClaimRule::absent("gty"));
        let id = self.nonce.into_iter().fold(id, |id, nonce| id.require_value("nonce", nonce));
        Ok(Profile::with_keys_at(iss, &keys)?
            .access(TokenKind::access().require(asked_for), Audience::any_of(recipients.audiences))
            .id(id, Audience::client(recipients.clients))
            .claim_map(Self::claims()))
    }

    fn example() -> Provider<Self> {
        Self::domain("acme.eu.auth0.com").audience("https://api.acme.example").client_id("example-client")
    }
}
