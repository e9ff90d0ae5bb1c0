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
/// The issuer is a text of the tenant's settings, `acme.com` in the documentation, so it is configured in addition to
/// the URL. Access tokens and ID tokens have the same audience. Only access tokens contain `applicationId`, and only
/// for users who are registered for the application
/// (<https://fusionauth.io/docs/lifecycle/authenticate-users/oauth/tokens>).
///
/// # Security
///
/// No claim identifies an entity's token. With [`entity`](Provider::entity), it is recognised by its audience and by
/// the absence of `applicationId` and `authenticationType`.
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
///     /// A claim that your own lambda adds.
///     department: Option<String>,
/// }
/// ```
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct FusionAuthClaims {
    /// The user's id, a UUID. In an entity's token, the entity that asked.
    pub sub: String,
    /// The application that the user is registered for, in access tokens.
    #[serde(rename = "applicationId")]
    pub application_id: Option<String>,
    /// The user's roles in the application, in access tokens.
    #[serde(default)]
    pub roles: Vec<String>,
    /// The permissions of one entity on the other.
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
    /// True if FusionAuth verified the address.
    pub email_verified: Option<bool>,
}

impl FusionAuth {
    /// Selects FusionAuth at this URL, with the issuer of the tenant's settings: any text, `acme.com` by default.
    pub fn at(url: impl Into<String>, issuer: impl Into<String>) -> Provider<Self> {
        Provider::new(Self { base: url.into(), issuer: issuer.into(), applications: Vec::new(), entities: Vec::new() })
    }

    /// Gives the claim map of FusionAuth: the claims that hold roles, permissions and the like. Change it and pass it
    /// to [`claim_map`](Provider::claim_map).
    pub fn claims() -> ClaimMap {
        // Each token of a user has the authentication type; no token of an entity has it.
        ClaimMap::default().tenant(["tid"]).machine([ServiceAccountRule::Without("authenticationType")])
    }
}

impl Provider<FusionAuth> {
    /// Accepts tokens of this application, by its id, which is also its client id. Call it again for further
    /// applications.
    pub fn application(mut self, application: impl Into<String>) -> Self {
        self.preset.applications.push(application.into());
        self
    }

    /// Accepts tokens that other entities got for this entity by client credentials. This API is then the target
    /// entity. Call it again for further entities.
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
            "The issuer is a free text of the tenant, and not a URL by default.",
            "The default signing key is symmetric (HS256), which is refused: choose an RSA key for the tenant or the application.",
            "A user who is not registered for the application gets a token without `applicationId` and roles. It is \
             refused.",
            "ID tokens have the same audience. Only `applicationId` tells access tokens from them, so do not let a lambda \
             add it to ID tokens.",
            "All tenants share one key set, and may share one issuer, `acme.com` by default. If an application is \
             universal, name the tenant: `.rule(ClaimRule::is(\"tid\", \"..\"))`.",
            "Tokens of entities (client credentials) are for the target entity: `.entity(..)` accepts them. No claim \
             identifies them (`gty` is in the header, which is not read): they are recognised by the audience and by the \
             absence of users' claims. Do not use an entity's id as the id of an application or client.",
        ],
        sources: &[
            "https://fusionauth.io/docs/lifecycle/authenticate-users/oauth/tokens",
            "https://github.com/FusionAuth/fusionauth-site/blob/main/astro/src/content/docs/_shared/_access-token-claims.mdx",
        ],
    };

    const FROM_ENV: FromEnv<Self> = FromEnv {
        constructor: Constructor::Two(
            Variable::required("FUSIONAUTH_URL", "the URL of FusionAuth, such as `https://auth.acme.example`"),
            Variable::required("FUSIONAUTH_ISSUER", "the tenant's issuer, exactly as in its settings"),
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
        // An access token of an unregistered user lacks `applicationId`, too, but has no hash and no `nonce`.
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

// Without `fetch`, URLs are not checked and keys must be given.
#[cfg(all(test, feature = "fetch"))]
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
