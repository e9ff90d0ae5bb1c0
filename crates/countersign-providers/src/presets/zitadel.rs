//! Zitadel.

use crate::preset::docs::PresetDocs;
use crate::preset::environment::{Constructor, FromEnv, Setting, Variable};
use crate::preset::profile::Profile;
use crate::preset::provider::Provider;
use crate::preset::recipients::Recipients;
use crate::preset::traits::{IssuesBothKinds, Preset, TakesClientId, sealed};
use crate::preset::url_parts::{host, segment};
use countersign_core::{Audience, ClaimMap, ClaimPath, ClaimRule, ConfigError, TokenKind};
use serde::Deserialize;

/// Zitadel: access tokens for a project unless you ask for ID tokens.
///
/// Both kinds have the same issuer, audience and `azp`. Only access tokens have a `jti`, and only ID tokens have `amr`
/// and `auth_time` (<https://zitadel.com/docs/apis/openidoauth/claims>). Roles are those of the configured project, in
/// any organisation.
///
/// # Example
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use countersign_core::Verifier;
/// use countersign_providers::Zitadel;
///
/// let verifier = Verifier::builder()
///     .issuer(Zitadel::domain("acme-x1y2z3.zitadel.cloud").project("69234237810729019"))
///     .build()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Zitadel {
    domain: String,
    projects: Vec<String>,
}

/// The claims of a Zitadel token. Use them as they are, or `#[serde(flatten)]` them into your own.
///
/// # Example
///
/// The organisation that a role was granted in:
///
/// ```
/// use countersign_providers::ZitadelClaims;
/// use std::collections::HashMap;
///
/// #[derive(serde::Deserialize)]
/// struct Staff {
///     #[serde(flatten)]
///     zitadel: ZitadelClaims,
///     /// A map from role to organisation to its domain.
///     #[serde(rename = "urn:zitadel:iam:org:project:69234237810729019:roles", default)]
///     roles: HashMap<String, HashMap<String, String>>,
/// }
/// ```
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct ZitadelClaims {
    /// The user's id.
    pub sub: String,
    /// The client that asked for the token.
    pub azp: Option<String>,
    /// The organisation that the user belongs to, with the scope `urn:zitadel:iam:user:resourceowner`.
    #[serde(rename = "urn:zitadel:iam:user:resourceowner:id")]
    pub organization: Option<String>,
    /// The log-in name, in ID tokens.
    pub preferred_username: Option<String>,
    /// The e-mail address, in ID tokens.
    pub email: Option<String>,
    /// True if Zitadel verified the address.
    pub email_verified: Option<bool>,
}

impl Zitadel {
    /// Selects the instance of this domain, such as `acme-x1y2z3.zitadel.cloud`, or of a custom domain.
    pub fn domain(domain: impl Into<String>) -> Provider<Self> {
        Provider::new(Self { domain: domain.into(), projects: Vec::new() })
    }

    /// Gives the claim map of Zitadel: the claims that hold tenant, groups and the like. Change it and pass it to
    /// [`claim_map`](Provider::claim_map). The roles are those of the client's project, unless
    /// [`project`](Provider::project) names another one.
    pub fn claims() -> ClaimMap {
        ClaimMap::default()
            .tenant(["urn:zitadel:iam:user:resourceowner:id"])
            .roles([ClaimPath::from("urn:zitadel:iam:org:project:roles").names()])
            // https://github.com/zitadel/zitadel/blob/main/internal/api/oidc/userinfo.go (`userGroupClaim`)
            .groups([ClaimPath::from("groups").each("value")])
            .machine([])
    }
}

impl Provider<Zitadel> {
    /// Accepts tokens for this project, by its id, and reads its roles. Call it again for further projects.
    pub fn project(mut self, project: impl Into<String>) -> Self {
        self.preset.projects.push(project.into());
        self
    }
}

impl sealed::Sealed for Zitadel {}
impl IssuesBothKinds for Zitadel {}

/// Access tokens for the client are accepted in addition to those for the project.
impl TakesClientId for Zitadel {}

impl Preset for Zitadel {
    type Claims = ZitadelClaims;

    const DOCS: PresetDocs = PresetDocs {
        name: "Zitadel",
        constructor: r#"Zitadel::domain("acme-x1y2z3.zitadel.cloud").project("69234237810729019").client_id("69234237810729234")"#,
        console: "Zitadel Console > Projects > your project (Resource Id; General: Assert Roles on Authentication) > your \
                  application > Token Settings (Auth Token Type: JWT); URLs (issuer)",
        quirks: &[
            "Access tokens are opaque unless the application's token type is JWT; an opaque one is refused as `not_compact`.",
            "ID tokens name the project as their audience, too: only `jti`, `amr` and `auth_time` tell the kinds apart.",
            "Roles are read from `urn:zitadel:iam:org:project:PROJECT:roles`. The claim without a project contains the \
             roles of the client's own project, which may be another one. It is read only if no project is configured.",
            "A role names the organisations that it was granted in. The principal has the role independent of the \
             organisation: if that matters, read the claim itself.",
            "Any client of the instance can ask for any project's audience (`urn:zitadel:iam:org:project:id:PROJECT:aud`), \
             for any user of the instance. So a valid token is not a permission: let guards require roles.",
            "No claim identifies tokens of service users: `principal.is_machine()` is false for them.",
            "An instance whose web keys are not RSA needs `.algorithms([Algorithm::ES256])` or the like.",
        ],
        sources: &[
            "https://zitadel.com/docs/apis/openidoauth/claims",
            "https://zitadel.com/docs/guides/integrate/login/oidc/webkeys",
            "https://zitadel.com/docs/guides/integrate/token-introspection/basic-auth",
            "https://github.com/zitadel/zitadel/blob/main/internal/api/oidc/userinfo.go",
        ],
    };

    const FROM_ENV: FromEnv<Self> = FromEnv {
        constructor: Constructor::One(
            Variable::required("ZITADEL_DOMAIN", "the instance's domain, such as `acme-x1y2z3.zitadel.cloud`"),
            Self::domain,
        ),
        settings: &[Setting::Each(
            Variable::required("ZITADEL_PROJECT_ID", "the project's id, or several separated by commas"),
            Provider::project,
        )],
    };

    fn profile(self, recipients: Recipients) -> Result<Profile, ConfigError> {
        let domain = host("Zitadel domain", &self.domain, "it looks like `acme-x1y2z3.zitadel.cloud`")?;
        let iss = format!("https://{domain}");
        let keys = format!("{iss}/oauth/v2/keys");
        let mut roles = Vec::with_capacity(self.projects.len());
        for project in &self.projects {
            let project = segment("Zitadel project id", project, "it looks like `69234237810729019`")?;
            roles.push(ClaimPath::from(&*format!("urn:zitadel:iam:org:project:{project}:roles")).names());
        }
        let claims = if roles.is_empty() { Self::claims() } else { Self::claims().roles(roles) };
        let access = TokenKind::access()
            .require(ClaimRule::present("jti"))
            .require(ClaimRule::absent("amr"))
            .require(ClaimRule::absent("auth_time"));
        let id = TokenKind::id().require(ClaimRule::absent("jti")).require(ClaimRule::present("auth_time"));
        Ok(Profile::with_keys_at(iss, &keys)?
            .access(access, Audience::any_of(self.projects.into_iter().chain(recipients.clients.clone())))
            .id(id, Audience::client(recipients.clients))
            .claim_map(claims))
    }

    fn example() -> Provider<Self> {
        Self::domain("acme-x1y2z3.zitadel.cloud").project("69234237810729019").client_id("69234237810729234")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_core::IntoIssuer;

    #[test]
    fn what_is_no_domain_or_project_is_refused() {
        for (domain, project) in
            [("https://acme.zitadel.cloud", "1"), ("acme/x", "1"), ("acme", ""), ("acme", "1:roles")]
        {
            assert!(Zitadel::domain(domain).project(project).into_issuer().is_err(), "{domain} {project}");
        }
    }
}
