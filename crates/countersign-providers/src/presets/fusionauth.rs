//! FusionAuth.

use crate::preset::docs::PresetDocs;
use crate::preset::environment::{Constructor, FromEnv, Setting, Variable};
use crate::preset::key_location::check_issuer;
use crate::preset::profile::Profile;
use crate::preset::provider::Provider;
use crate::preset::recipients::Recipients;
use crate::preset::traits::{IssuesBothKinds, Preset, sealed};
use countersign_core::{Audience, ClaimMap, ClaimRule, ConfigError, ServiceAccountRule, TokenKind};
use serde::Deserialize;

/// FusionAuth: access tokens for an application unless you ask for ID tokens.
///
/// The issuer is a text of the tenant's settings, `acme.com` in the documentation, so it is given beside the URL. Access tokens
/// and ID tokens have the same audience; only the former hold `applicationId`, and only for users who are registered for the
/// application (<https://fusionauth.io/docs/lifecycle/authenticate-users/oauth/tokens>).
///
/// # Security
///
/// No claim marks an entity's token. With [`entity`](Provider::entity) it is told from a user's by its audience and by what it
/// lacks (`applicationId`, `authenticationType`).
///
/// # Example
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use countersign_core::Verifier;
/// use countersign_providers::FusionAuth;
///
/// let verifier = Verifier::builder()
///     .issuer(
///         FusionAuth::at("https://auth.acme.example", "acme.com").application("e9fdb985-9173-4e01-9d73-ac2d60d1dc8e"),
///     )
///     .build()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct FusionAuth {
    base: String,
    issuer: String,
    applications: Vec<String>,
    entities: Vec<String>,
}

/// The claims of a FusionAuth token. Use them as they are, or `#[serde(flatten)]` them into your own.
///
/// # Example
///
/// ```
/// use countersign_providers::FusionAuthClaims;
///
/// #[derive(serde::Deserialize)]
/// struct Staff {
///     #[serde(flatten)]
///     fusionauth: FusionAuthClaims,
///     /// From a lambda of one's own.
///     department: Option<String>,
/// }
/// ```
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct FusionAuthClaims {
    /// The user's id, a UUID; of an entity's token the entity that asked.
    pub sub: String,
    /// The application that the user is registered for, in access tokens.
    #[serde(rename = "applicationId")]
    pub application_id: Option<String>,
    /// The user's roles in the application, in access tokens.
    #[serde(default)]
    pub roles: Vec<String>,
    /// What one entity may do with the other.
    #[serde(default)]
    pub permissions: Vec<String>,
    /// Scopes, separated by blanks.
    pub scope: Option<String>,
    /// The tenant.
    pub tid: Option<String>,
    /// The user's name.
    pub preferred_username: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// Whether FusionAuth verified the address.
    pub email_verified: Option<bool>,
}

impl FusionAuth {
    /// FusionAuth at this URL, and the issuer as the tenant's settings have it: any text, `acme.com` unless changed.
    pub fn at(url: impl Into<String>, issuer: impl Into<String>) -> Provider<Self> {
        Provider::new(Self { base: url.into(), issuer: issuer.into(), applications: Vec::new(), entities: Vec::new() })
    }

    /// Where FusionAuth keeps roles, permissions and the like, to be changed.
    pub fn claims() -> ClaimMap {
        // How a user logged in is in each of their tokens, and in none of an entity's.
        ClaimMap::default().tenant(["tid"]).machine([ServiceAccountRule::Without("authenticationType")])
    }
}

impl Provider<FusionAuth> {
    /// The application whose tokens are accepted, by its id, which is its client id, too. Call it again for further ones.
    pub fn application(mut self, application: impl Into<String>) -> Self {
        self.preset.applications.push(application.into());
        self
    }

    /// The entity that this API is: tokens that other entities got for it by client credentials are accepted, too. Call it
    /// again for further ones.
    pub fn entity(mut self, entity: impl Into<String>) -> Self {
        self.preset.entities.push(entity.into());
        self
    }
}

impl sealed::Sealed for FusionAuth {}
impl IssuesBothKinds for FusionAuth {}

impl Preset for FusionAuth {
    type Claims = FusionAuthClaims;

    const DOCS: PresetDocs = PresetDocs {
        name: "FusionAuth",
        constructor: r#"FusionAuth::at("https://auth.acme.example", "acme.com").application("e9fdb985-9173-4e01-9d73-ac2d60d1dc8e").entity("092dbded-30af-4149-9c61-b578f2c72f59")"#,
        console: "FusionAuth Admin > Tenants > your tenant > General (Issuer); JWT (Access token signing key, Id token signing key: \
                  RSA); Applications > your application > OAuth (Client Id)",
        quirks: &[
            "The issuer is a free text of the tenant, and no URL unless you make it one.",
            "The default signing key is symmetric (HS256), which is refused: choose an RSA key for the tenant or the application.",
            "A user who is not registered for the application gets a token, too, without `applicationId` and roles. It is refused.",
            "ID tokens have the same audience: they are told from access tokens by `applicationId`, so let no lambda add it to them.",
            "All tenants share one key set, and may share one issuer, `acme.com` at first. Where an application is universal, name \
             the tenant: `.rule(ClaimRule::is(\"tid\", \"..\"))`.",
            "Tokens of entities (client credentials) are for the target entity: `.entity(..)` accepts them. No claim marks them \
             (`gty` is in the header, where nothing is read from it): the audience tells them apart, and the absence of what \
             users' tokens have. Give no application and no client an entity's id as its own.",
        ],
        sources: &[
            "https://fusionauth.io/docs/lifecycle/authenticate-users/oauth/tokens",
            "https://github.com/FusionAuth/fusionauth-site/blob/main/astro/src/content/docs/_shared/_access-token-claims.mdx",
        ],
    };

    const FROM_ENV: FromEnv<Self> = FromEnv {
        constructor: Constructor::Two(
            Variable::required("FUSIONAUTH_URL", "the URL of FusionAuth, such as `https://auth.acme.example`"),
            Variable::required("FUSIONAUTH_ISSUER", "the tenant's issuer, to the letter"),
            Self::at,
        ),
        settings: &[Setting::Each(
            Variable::required("FUSIONAUTH_APPLICATION_ID", "the application's id, or several separated by commas"),
            Provider::application,
        )],
    };

    fn profile(self, _: Recipients) -> Result<Profile, ConfigError> {
        let base = self.base.strip_suffix('/').unwrap_or(&self.base);
        check_issuer(base)?;
        let keys = format!("{base}/.well-known/jwks.json");
        let user = TokenKind::access().require(ClaimRule::present("applicationId"));
        let entity = TokenKind::access()
            .require(ClaimRule::absent("applicationId"))
            .require(ClaimRule::absent("authenticationType"));
        let mut profile = Profile::with_keys_at(self.issuer, &keys)?;
        if !self.applications.is_empty() || self.entities.is_empty() {
            profile = profile.access(user, Audience::any_of(self.applications.clone()));
        }
        if !self.entities.is_empty() {
            profile = profile.access(entity, Audience::any_of(self.entities));
        }
        // An access token for a user who is not registered lacks `applicationId`, too, but has no hash and no `nonce`.
        let id = TokenKind::id()
            .require(ClaimRule::absent("applicationId"))
            .require(ClaimRule::present("at_hash").or_at("nonce"));
        Ok(profile.id(id, Audience::client(self.applications)).claim_map(Self::claims()))
    }

    fn example() -> Provider<Self> {
        Self::at("https://auth.acme.example", "acme.com")
            .application("e9fdb985-9173-4e01-9d73-ac2d60d1dc8e")
            .entity("092dbded-30af-4149-9c61-b578f2c72f59")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_core::{IntoIssuer, Verifier};

    #[test]
    fn keys_come_from_a_url_that_is_safe() {
        for url in ["https://auth.acme.example/", "https://auth.acme.example", "http://localhost:9011"] {
            assert!(FusionAuth::at(url, "acme.com").application("a").into_issuer().is_ok(), "{url}");
        }
        for url in
            ["", "auth.acme.example", "http://auth.acme.example", "https://auth.acme.example?x", "https://a@b.example"]
        {
            assert!(FusionAuth::at(url, "acme.com").application("a").into_issuer().is_err(), "{url}");
        }
    }

    #[tokio::test]
    async fn a_tenant_without_application_is_refused() {
        let built = Verifier::builder().issuer(FusionAuth::at("https://auth.acme.example", "acme.com")).build().await;
        assert!(matches!(built, Err(ConfigError::NoAudience(_))), "{built:?}");
    }
}
