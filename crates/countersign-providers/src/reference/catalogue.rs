//! The list of all presets, for the reference and for the tests that every preset must pass.

use crate::preset::docs::PresetDocs;
use crate::preset::environment::{Environment, Variable};
use crate::preset::into_issuer::Description;
use crate::preset::provider::Provider;
use crate::preset::traits::Preset;
use countersign_core::{ConfigError, IntoIssuer, Issuer, TokenError, VerifiedToken};

/// A preset, with functions that all presets have in common.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The name of its file and of its row in tests.
    pub file: &'static str,
    pub page: PresetDocs,
    pub variables: fn() -> Vec<Variable>,
    pub describe: fn() -> Result<Description, ConfigError>,
    /// Makes the example's issuer with these keys.
    pub issuer: fn(jwks: &str, kinds: Kinds) -> Result<Issuer, ConfigError>,
    /// Reads the preset's claims out of a token.
    pub reads_claims: fn(&VerifiedToken) -> Result<(), TokenError>,
    /// Makes an issuer out of environment variables.
    pub from_environment: fn(&Environment<'_>) -> Result<Issuer, ConfigError>,
}

/// The kinds of token that an example accepts.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kinds {
    Usual,
    Id,
    Either,
}

/// Lists every preset, in the order of the reference.
#[doc(hidden)]
pub fn catalogue() -> Vec<Entry> {
    vec![
        entry::<crate::Auth0>("auth0"),
        entry::<crate::Authentik>("authentik"),
        entry::<crate::AzureB2c>("azure_b2c"),
        entry::<crate::Clerk>("clerk"),
        entry::<crate::CloudflareAccess>("cloudflare_access"),
        entry::<crate::Cognito>("cognito"),
        entry::<crate::Descope>("descope"),
        entry::<crate::Entra>("entra"),
        entry::<crate::EntraExternalId>("entra_external_id"),
        entry::<crate::Firebase>("firebase"),
        entry::<crate::FusionAuth>("fusionauth"),
        entry::<crate::GithubActions>("github_actions"),
        entry::<crate::Google>("google"),
        entry::<crate::GoogleIap>("google_iap"),
        entry::<crate::Keycloak>("keycloak"),
        entry::<crate::Kinde>("kinde"),
        entry::<crate::Kubernetes>("kubernetes"),
        entry::<crate::Oidc>("oidc"),
        entry::<crate::Okta>("okta"),
        entry::<crate::Ory>("ory"),
        entry::<crate::Supabase>("supabase"),
        entry::<crate::WorkOs>("workos"),
        entry::<crate::Zitadel>("zitadel"),
    ]
}

fn entry<P: Preset>(file: &'static str) -> Entry {
    Entry {
        file,
        page: P::DOCS,
        variables: || P::FROM_ENV.variables(),
        describe: || P::example().describe(),
        issuer: |jwks, kinds| accepting(P::example(), kinds).jwks(jwks).into_issuer(),
        reads_claims: |token| token.claims::<P::Claims>().map(|_| ()),
        from_environment: |environment| P::FROM_ENV.read(environment)?.into_issuer(),
    }
}

fn accepting<P: Preset>(provider: Provider<P>, kinds: Kinds) -> Provider<P> {
    match kinds {
        Kinds::Usual => provider,
        Kinds::Id => provider.accept(crate::preset::profile::Accepted::Id),
        Kinds::Either => provider.accept(crate::preset::profile::Accepted::Either),
    }
}
