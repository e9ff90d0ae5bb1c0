//! The list of all presets, for the reference and for the tests that every preset must pass.

use crate::preset::docs::PresetDocs;
use crate::preset::environment::{Environment, Variable};
use crate::preset::into_issuer::Description;
use crate::preset::provider::Provider;
use crate::preset::traits::Preset;
use crate::presets::auth0::Auth0;
use crate::presets::authentik::Authentik;
use crate::presets::azure_b2c::AzureB2c;
use crate::presets::clerk::Clerk;
use crate::presets::cloudflare_access::CloudflareAccess;
use crate::presets::cognito::Cognito;
use crate::presets::descope::Descope;
use crate::presets::entra::Entra;
use crate::presets::entra_external_id::EntraExternalId;
use crate::presets::firebase::Firebase;
use crate::presets::fusionauth::FusionAuth;
use crate::presets::github_actions::GithubActions;
use crate::presets::google::Google;
use crate::presets::google_iap::GoogleIap;
use crate::presets::keycloak::Keycloak;
use crate::presets::kinde::Kinde;
use crate::presets::kubernetes::Kubernetes;
use crate::presets::oidc::Oidc;
use crate::presets::okta::Okta;
use crate::presets::ory::Ory;
use crate::presets::supabase::Supabase;
use crate::presets::workos::WorkOs;
use crate::presets::zitadel::Zitadel;
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
        entry::<Auth0>("auth0"),
        entry::<Authentik>("authentik"),
        entry::<AzureB2c>("azure_b2c"),
        entry::<Clerk>("clerk"),
        entry::<CloudflareAccess>("cloudflare_access"),
        entry::<Cognito>("cognito"),
        entry::<Descope>("descope"),
        entry::<Entra>("entra"),
        entry::<EntraExternalId>("entra_external_id"),
        entry::<Firebase>("firebase"),
        entry::<FusionAuth>("fusionauth"),
        entry::<GithubActions>("github_actions"),
        entry::<Google>("google"),
        entry::<GoogleIap>("google_iap"),
        entry::<Keycloak>("keycloak"),
        entry::<Kinde>("kinde"),
        entry::<Kubernetes>("kubernetes"),
        entry::<Oidc>("oidc"),
        entry::<Okta>("okta"),
        entry::<Ory>("ory"),
        entry::<Supabase>("supabase"),
        entry::<WorkOs>("workos"),
        entry::<Zitadel>("zitadel"),
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
