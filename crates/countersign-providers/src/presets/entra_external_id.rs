//! Microsoft Entra External ID, the Entra ID for customers.

use crate::preset::docs::PresetDocs;
use crate::preset::environment::{Constructor, FromEnv, Setting, Variable};
use crate::preset::profile::Profile;
use crate::preset::provider::Provider;
use crate::preset::recipients::Recipients;
use crate::preset::traits::{IssuesBothKinds, Preset, TakesAudience, TakesClientId, sealed};
use crate::preset::url_parts::{guid, segment};
use crate::presets::entra::{Entra, EntraClaims, access_v2, id_token};
use countersign_core::{Audience, ClaimRule, ConfigError};

/// Microsoft Entra External ID: access tokens of an external tenant unless you ask for ID tokens.
///
/// Tokens are like those of [`Entra`] in version 2. Their issuer has the tenant's id as its host, whichever name the
/// client used (<https://github.com/AzureAD/microsoft-authentication-library-for-js/pull/8595>).
///
/// # Example
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use countersign_core::Verifier;
/// use countersign_providers::EntraExternalId;
///
/// let verifier = Verifier::builder()
///     .issuer(
///         EntraExternalId::tenant("contoso", "11111111-2222-3333-4444-555555555555")
///             .audience("66666666-7777-8888-9999-000000000000"),
///     )
///     .build()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct EntraExternalId {
    name: String,
    tenant: String,
}

impl EntraExternalId {
    /// Selects the external tenant of this name, `contoso` of `contoso.onmicrosoft.com`, and of this id, a GUID.
    pub fn tenant(name: impl Into<String>, tenant: impl Into<String>) -> Provider<Self> {
        Provider::new(Self { name: name.into(), tenant: tenant.into() })
    }
}

impl sealed::Sealed for EntraExternalId {}
impl IssuesBothKinds for EntraExternalId {}

/// The audience is the API's application (client) id.
impl TakesAudience for EntraExternalId {}

impl TakesClientId for EntraExternalId {}

impl Preset for EntraExternalId {
    type Claims = EntraClaims;

    const DOCS: PresetDocs = PresetDocs {
        name: "Microsoft Entra External ID",
        constructor: r#"EntraExternalId::tenant("contoso", "11111111-2222-3333-4444-555555555555").audience("66666666-7777-8888-9999-000000000000")"#,
        console: "Microsoft Entra admin center, in the external tenant > Overview (Tenant ID, Primary domain); App \
                  registrations > your API > Overview (Application (client) ID); Expose an API",
        quirks: &[
            "The issuer's host is the tenant's id, while the discovery document is at the tenant's name.",
            "A client that asks for no scope of your API gets a token for Microsoft Graph, from another issuer: it is \
             refused as `unknown_issuer`.",
            "The keys differ from the same tenant's keys at `login.microsoftonline.com`.",
            "If you use your own domain, look up `issuer` in the discovery document and use `Oidc::issuer(..)`.",
        ],
        sources: &[
            "https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference",
            "https://github.com/AzureAD/microsoft-authentication-library-for-js/pull/8595",
            "https://github.com/MicrosoftDocs/entra-docs/issues/408",
        ],
    };

    const FROM_ENV: FromEnv<Self> = FromEnv {
        constructor: Constructor::Two(
            Variable::required("ENTRA_EXTERNAL_TENANT", "the tenant's name: `contoso` of `contoso.onmicrosoft.com`"),
            Variable::required("ENTRA_EXTERNAL_TENANT_ID", "the tenant id, a GUID"),
            Self::tenant,
        ),
        settings: &[Setting::Each(
            Variable::required(
                "ENTRA_EXTERNAL_AUDIENCE",
                "the API's application (client) id, or several separated by commas",
            ),
            Provider::audience,
        )],
    };

    fn profile(self, recipients: Recipients) -> Result<Profile, ConfigError> {
        let name = segment("tenant name", &self.name, "it is `contoso` of `contoso.onmicrosoft.com`")?;
        let tenant = guid("tenant id", &self.tenant)?;
        let iss = format!("https://{tenant}.ciamlogin.com/{tenant}/v2.0");
        Ok(Profile::discovered_at(iss, &format!("https://{name}.ciamlogin.com/{tenant}/v2.0"))?
            .access(access_v2(), Audience::any_of(recipients.audiences))
            .id(id_token(), Audience::client(recipients.clients))
            .claim_map(Entra::claims())
            .rule(ClaimRule::is("tid", tenant)))
    }

    fn example() -> Provider<Self> {
        Self::tenant("contoso", "11111111-2222-3333-4444-555555555555")
            .audience("66666666-7777-8888-9999-000000000000")
            .client_id("66666666-7777-8888-9999-000000000000")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_needs_its_name_and_its_id() {
        let id = "11111111-2222-3333-4444-555555555555";
        for (name, tenant) in [("", id), ("contoso.onmicrosoft.com", id), ("evil.example/", id), ("contoso", "contoso")]
        {
            assert!(EntraExternalId::tenant(name, tenant).profile().is_err(), "{name} {tenant}");
        }
    }
}
