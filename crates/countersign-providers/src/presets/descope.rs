//! Descope.

use crate::preset::docs::PresetDocs;
use crate::preset::environment::{Constructor, FromEnv, Variable};
use crate::preset::profile::Profile;
use crate::preset::provider::Provider;
use crate::preset::recipients::Recipients;
use crate::preset::traits::{Preset, TakesAudience, sealed};
use crate::preset::url_parts::segment;
use countersign_core::{Audience, ClaimMap, ClaimRule, ConfigError, TokenKind};
use serde::Deserialize;

/// Descope: the session tokens of a project.
///
/// The issuer is the project's id, or a URL that ends in it if a JWT template sets it
/// (<https://docs.descope.com/authorization/session-management/session-validation/oidc-jwt-authorizers/azure-jwt-authorizer>).
/// Most tokens have no audience: the project is the issuer and has its own keys. The same keys sign refresh tokens,
/// trusted-device tokens and ID tokens. A session's token has `drn: "DS"`
/// (<https://docs.descope.com/session-overview>). The token of an access key may lack `drn`, and its `sub` begins with
/// `K`. Every other token is refused.
///
/// # Example
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use countersign_core::Verifier;
/// use countersign_providers::Descope;
///
/// let verifier = Verifier::builder()
///     .issuer(Descope::project("P2PqjhPcC8Hri2nXUY7f234FaBcD"))
///     .build()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Descope {
    project: String,
    tenant: Option<String>,
}

/// The claims of a Descope token. Use them as they are, or `#[serde(flatten)]` them into your own.
///
/// # Example
///
/// ```
/// use countersign_providers::DescopeClaims;
///
/// fn is_member(claims: &DescopeClaims, tenant: &str) -> bool {
///     claims.tenants.contains_key(tenant)
/// }
/// ```
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct DescopeClaims {
    /// The user's id, or the access key's.
    pub sub: String,
    /// The tenant that the user chose.
    pub dct: Option<String>,
    /// Roles of the project.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Permissions of the project.
    #[serde(default)]
    pub permissions: Vec<String>,
    /// The tenants that the user belongs to, each with roles and permissions as defined by the JWT template.
    #[serde(default)]
    pub tenants: serde_json::Map<String, serde_json::Value>,
    /// The methods by which the user logged in.
    #[serde(default)]
    pub amr: Vec<String>,
}

impl Descope {
    /// Selects the project of this id, which begins with `P`.
    pub fn project(project: impl Into<String>) -> Provider<Self> {
        Provider::new(Self { project: project.into(), tenant: None })
    }

    /// Gives the claim map of Descope: the claims that hold roles, permissions and the like. Change it and pass it to
    /// [`claim_map`](Provider::claim_map). They are those of the project.
    pub fn claims() -> ClaimMap {
        ClaimMap::default().tenant(["dct"]).machine([])
    }
}

impl Provider<Descope> {
    /// Reads roles and permissions of this tenant instead of the project's. A user outside the tenant has none. To
    /// refuse such users, require a role.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.preset.tenant = Some(tenant.into());
        self
    }
}

impl sealed::Sealed for Descope {}

/// The audience is the value that a JWT template adds. Without it, tokens have no audience or the project's id.
impl TakesAudience for Descope {}

impl Preset for Descope {
    type Claims = DescopeClaims;

    const DOCS: PresetDocs = PresetDocs {
        name: "Descope",
        constructor: r#"Descope::project("P2PqjhPcC8Hri2nXUY7f234FaBcD").tenant("T2xyz")"#,
        console: "Descope Console > Project Settings > General (Project ID); Project Settings > JWT Templates (issuer, audience, \
                  roles and permissions)",
        quirks: &[
            "The issuer is the project's id alone, or `https://api.descope.com/PROJECT` if a JWT template sets it. Both \
             are accepted.",
            "A token without an audience is for the project. A token with an `aud` must name the project, or the value of \
             `.audience(..)`.",
            "A session's token has `drn: DS`. Refresh tokens (`DSR`), trusted-device tokens (`DTD`) and every other value \
             are refused. `drn` may be absent only if `sub` is the id of an access key, which begins with `K`: an ID token \
             has no `drn` either, but names a user. Do not let a JWT template write user-defined text into `sub`.",
            "Roles are the project's. `.tenant(\"T2..\")` reads those of one tenant. Roles of all tenants are never \
             merged.",
            "`principal.is_machine()` is false for access keys.",
            "A project in another region has another URL for its keys: `.jwks_url(\"https://HOST/v2/keys/PROJECT\")`.",
        ],
        sources: &[
            "https://docs.descope.com/session-overview",
            "https://docs.descope.com/authorization/session-management/session-validation/oidc-jwt-authorizers/azure-jwt-authorizer",
            "https://docs.descope.com/api/management/jwt-templates/create-jwt-template",
            "https://github.com/descope/python-sdk/blob/main/descope/_auth_base.py",
        ],
    };

    const FROM_ENV: FromEnv<Self> = FromEnv {
        constructor: Constructor::One(
            Variable::required("DESCOPE_PROJECT_ID", "the project's id, which begins with `P`"),
            Self::project,
        ),
        settings: &[],
    };

    fn profile(self, recipients: Recipients) -> Result<Profile, ConfigError> {
        let project = segment("Descope project id", &self.project, "it looks like `P2PqjhPcC8Hri2nXUY7f234FaBcD`")?;
        let keys = format!("https://api.descope.com/v2/keys/{project}");
        let claims = match self.tenant.as_deref() {
            None => Self::claims(),
            Some(tenant) => {
                Self::claims().roles([["tenants", tenant, "roles"]]).permissions([["tenants", tenant, "permissions"]])
            }
        };
        let profile = Profile::with_keys_at(project, &keys)?
            .also_named(format!("https://api.descope.com/{project}"))
            .claim_map(claims);
        let session = TokenKind::access().require_value("drn", "DS");
        // An access key is recognised by its id. Its token never has `amr` and `auth_time`, which come from a log-in.
        let access_key = TokenKind::access()
            .require(ClaimRule::begins_with("sub", "K"))
            .require(ClaimRule::absent("drn"))
            .require(ClaimRule::absent("amr"))
            .require(ClaimRule::absent("auth_time"));
        Ok([session, access_key].into_iter().fold(profile, |profile, kind| {
            if !recipients.audiences.is_empty() {
                return profile.access(kind, Audience::any_of(recipients.audiences.clone()));
            }
            profile
                .access(kind.clone().require(ClaimRule::absent("aud")), Audience::whole_issuer())
                .access(kind, Audience::any_of([project]))
        }))
    }

    fn example() -> Provider<Self> {
        Self::project("P2PqjhPcC8Hri2nXUY7f234FaBcD").tenant("T2xyz")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset::profile::Accepted;
    use countersign_core::IntoIssuer;

    #[test]
    fn what_is_no_project_is_refused() {
        for project in ["", "P2/x", "https://api.descope.com/P2", "P2?x"] {
            assert!(Descope::project(project).into_issuer().is_err(), "{project}");
        }
    }

    #[test]
    fn an_audience_takes_the_projects_place() {
        let profile = Descope::project("P2").audience("api").profile().unwrap();
        let audiences: Vec<String> =
            profile.forms(Accepted::Usual).iter().map(|form| form.audience.to_string()).collect();
        assert_eq!(audiences, ["`aud` is or holds `api`"; 2], "of sessions and of access keys");
    }
}
