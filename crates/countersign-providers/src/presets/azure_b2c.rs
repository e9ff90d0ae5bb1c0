//! Azure AD B2C.

use crate::preset::docs::PresetDocs;
use crate::preset::environment::{Constructor, FromEnv, Setting, Variable};
use crate::preset::profile::Profile;
use crate::preset::provider::Provider;
use crate::preset::recipients::Recipients;
use crate::preset::traits::{IssuesBothKinds, Preset, TakesAudience, TakesClientId, sealed};
use crate::preset::url_parts::{guid, host, segment};
use crate::presets::entra::id_token;
use countersign_core::{Audience, ClaimMap, ClaimPath, ClaimRule, ConfigError, TokenKind};
use serde::Deserialize;

/// Azure AD B2C: access tokens of a tenant's user flows or custom policies, unless you ask for ID tokens.
///
/// All policies of a tenant share one issuer by default. So the policy is checked by the claim `tfp`, or `acr` in older
/// policies. The other form of the issuer, which contains the policy, is accepted, too
/// (<https://learn.microsoft.com/azure/active-directory-b2c/tokens-overview>).
///
/// # Example
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use countersign_core::Verifier;
/// use countersign_providers::AzureB2c;
///
/// let verifier = Verifier::builder()
///     .issuer(
///         AzureB2c::tenant("contoso", "11111111-2222-3333-4444-555555555555")
///             .policy("B2C_1_signupsignin")
///             .audience("66666666-7777-8888-9999-000000000000"),
///     )
///     .build()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct AzureB2c {
    name: String,
    tenant: String,
    domain: Option<String>,
    policies: Vec<String>,
}

/// The claims of an Azure AD B2C token. Use them as they are, or `#[serde(flatten)]` them into your own.
///
/// # Example
///
/// ```
/// use countersign_providers::AzureB2cClaims;
///
/// #[derive(serde::Deserialize)]
/// struct Member {
///     #[serde(flatten)]
///     b2c: AzureB2cClaims,
///     #[serde(rename = "extension_LoyaltyNumber")]
///     loyalty_number: Option<String>,
/// }
/// ```
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct AzureB2cClaims {
    /// The user's object id.
    pub sub: String,
    /// The user's object id, if the policy is set to send it.
    pub oid: Option<String>,
    /// The policy that issued the token, in `tfp` or `acr`.
    #[serde(alias = "acr")]
    pub tfp: Option<String>,
    /// The client that asked for the token, in access tokens.
    pub azp: Option<String>,
    /// Scopes, separated by blanks, in access tokens.
    pub scp: Option<String>,
    /// The display name, if the policy is set to send it.
    pub name: Option<String>,
    /// E-mail addresses, if the policy is set to send them.
    #[serde(default)]
    pub emails: Vec<String>,
}

/// The `sub` of every user if a policy is set not to support it.
const NO_SUBJECT: &str = "Not supported currently. Use oid claim.";

impl AzureB2c {
    /// Selects the tenant of this name, `contoso` of `contoso.onmicrosoft.com`, and of this id, a GUID.
    pub fn tenant(name: impl Into<String>, tenant: impl Into<String>) -> Provider<Self> {
        Provider::new(Self { name: name.into(), tenant: tenant.into(), domain: None, policies: Vec::new() })
    }

    /// Gives the claim map of Azure AD B2C: the claims that hold information about users. Change it and pass it to
    /// [`claim_map`](Provider::claim_map). Attributes of your own are named `extension_..`.
    pub fn claims() -> ClaimMap {
        ClaimMap::default()
            .email(["email".into(), ClaimPath::from("emails").first()])
            .tenant(["tid"])
            .scopes(["scp"])
            .machine([])
    }
}

impl Provider<AzureB2c> {
    /// Accepts tokens of this user flow or custom policy. Call it again for further policies. The keys are those of the
    /// first.
    pub fn policy(mut self, policy: impl Into<String>) -> Self {
        self.preset.policies.push(policy.into());
        self
    }

    /// Sets your own domain for log-ins, such as `login.contoso.com`, in place of `contoso.b2clogin.com`.
    pub fn domain(mut self, host: impl Into<String>) -> Self {
        self.preset.domain = Some(host.into());
        self
    }
}

impl sealed::Sealed for AzureB2c {}
impl IssuesBothKinds for AzureB2c {}

/// The audience is the API's application (client) id.
impl TakesAudience for AzureB2c {}

impl TakesClientId for AzureB2c {}

impl Preset for AzureB2c {
    type Claims = AzureB2cClaims;

    const DOCS: PresetDocs = PresetDocs {
        name: "Azure AD B2C",
        constructor: r#"AzureB2c::tenant("contoso", "11111111-2222-3333-4444-555555555555").policy("B2C_1_signupsignin").audience("66666666-7777-8888-9999-000000000000")"#,
        console: "Azure portal > Azure AD B2C > Overview (Domain name, Tenant ID); User flows (their names); App \
                  registrations > your API > Overview (Application (client) ID)",
        quirks: &[
            "All policies of a tenant share one issuer and may share keys. Name the policies that may open this API. \
             Otherwise a token of the password reset flow would be accepted, too.",
            "The policy is named in `tfp`, or in `acr` by older policies, in its own case or in lower case.",
            "Both forms of the issuer end in a slash. The one with `/tfp/` is set in a flow's Token compatibility settings.",
            "Access tokens name the client that asked in `azp`. ID tokens do not.",
            "A policy that does not support `sub` writes the same text for every user. Such tokens are refused as \
             `claim_not_accepted`. Set Subject (sub) claim to ObjectID.",
            "No documented claim tells programs from people.",
            "Your own domain needs `.domain(\"login.contoso.com\")`.",
        ],
        sources: &[
            "https://learn.microsoft.com/azure/active-directory-b2c/tokens-overview",
            "https://learn.microsoft.com/azure/active-directory-b2c/configure-tokens",
        ],
    };

    const FROM_ENV: FromEnv<Self> = FromEnv {
        constructor: Constructor::Two(
            Variable::required("AZURE_B2C_TENANT", "the tenant's name: `contoso` of `contoso.onmicrosoft.com`"),
            Variable::required("AZURE_B2C_TENANT_ID", "the tenant id, a GUID"),
            Self::tenant,
        ),
        settings: &[
            Setting::Each(
                Variable::required(
                    "AZURE_B2C_POLICY",
                    "the user flow or custom policy, or several separated by commas",
                ),
                Provider::policy,
            ),
            Setting::Each(
                Variable::required("AZURE_B2C_AUDIENCE", "the API's application (client) id"),
                Provider::audience,
            ),
        ],
    };

    fn profile(self, recipients: Recipients) -> Result<Profile, ConfigError> {
        let name = segment("tenant name", &self.name, "it is `contoso` of `contoso.onmicrosoft.com`")?;
        let tenant = guid("tenant id", &self.tenant)?;
        let domain = self.domain.unwrap_or_else(|| format!("{name}.b2clogin.com"));
        let domain = host("domain", &domain, "it looks like `login.contoso.com`")?;
        let expected = "name the user flow, such as `B2C_1_signupsignin`, with `.policy(..)`";
        let first = segment("policy", self.policies.first().map_or("", String::as_str), expected)?;
        let keys = format!("https://{domain}/{name}.onmicrosoft.com/{first}/discovery/v2.0/keys");
        let mut profile = Profile::with_keys_at(format!("https://{domain}/{tenant}/v2.0/"), &keys)?;
        let mut policies = Vec::new();
        for policy in &self.policies {
            let policy = segment("policy", policy, expected)?;
            policies.extend([policy.to_owned(), policy.to_ascii_lowercase()]);
        }
        policies.sort_unstable();
        policies.dedup();
        for policy in &policies {
            profile = profile.also_named(format!("https://{domain}/tfp/{tenant}/{policy}/v2.0/"));
        }
        Ok(profile
            .access(TokenKind::access().require(ClaimRule::present("azp")), Audience::any_of(recipients.audiences))
            .id(id_token(), Audience::client(recipients.clients))
            .claim_map(Self::claims())
            .rule(ClaimRule::one_of("tfp", policies).or_at("acr"))
            .rule(ClaimRule::is_not("sub", NO_SUBJECT)))
    }

    fn example() -> Provider<Self> {
        Self::tenant("contoso", "11111111-2222-3333-4444-555555555555")
            .policy("B2C_1_signupsignin")
            .audience("66666666-7777-8888-9999-000000000000")
            .client_id("66666666-7777-8888-9999-000000000000")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_needs_its_name_its_id_and_a_policy() {
        let id = "11111111-2222-3333-4444-555555555555";
        for (name, tenant, policy) in [
            ("contoso.onmicrosoft.com", id, "B2C_1_a"),
            ("contoso", "contoso.onmicrosoft.com", "B2C_1_a"),
            ("contoso", id, ""),
            ("contoso", id, "../B2C_1_a"),
        ] {
            let b2c = AzureB2c::tenant(name, tenant).policy(policy).audience("a");
            assert!(b2c.profile().is_err(), "{name} {tenant} {policy}");
        }
        assert!(AzureB2c::tenant("contoso", id).audience("a").profile().is_err());
    }

    #[test]
    fn a_domain_of_ones_own_is_in_the_issuer() {
        let b2c = AzureB2c::tenant("contoso", "11111111-2222-3333-4444-555555555555").policy("B2C_1_a");
        let profile = b2c.domain("login.contoso.com").profile().unwrap();
        assert_eq!(&*profile.iss, "https://login.contoso.com/11111111-2222-3333-4444-555555555555/v2.0/");
    }
}
