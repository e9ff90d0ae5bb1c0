//! `Debug` of the claim types: the name of the type and nothing else, since claims are personal.

use crate::presets::auth0::Auth0Claims;
use crate::presets::authentik::AuthentikClaims;
use crate::presets::azure_b2c::AzureB2cClaims;
use crate::presets::clerk::{ClerkActor, ClerkClaims, ClerkOrganization};
use crate::presets::cloudflare_access::CloudflareAccessClaims;
use crate::presets::cognito::CognitoClaims;
use crate::presets::descope::DescopeClaims;
use crate::presets::entra::EntraClaims;
use crate::presets::firebase::{FirebaseClaims, FirebaseSignIn};
use crate::presets::fusionauth::FusionAuthClaims;
use crate::presets::github_actions::GithubActionsClaims;
use crate::presets::google::GoogleClaims;
use crate::presets::google_iap::{GoogleIapAccess, GoogleIapClaims};
use crate::presets::keycloak::{KeycloakClaims, KeycloakRoles};
use crate::presets::kinde::KindeClaims;
use crate::presets::kubernetes::{KubernetesBinding, KubernetesClaims, KubernetesObject};
use crate::presets::oidc::OidcClaims;
use crate::presets::okta::OktaClaims;
use crate::presets::ory::OryClaims;
use crate::presets::supabase::SupabaseClaims;
use crate::presets::workos::WorkOsClaims;
use crate::presets::zitadel::ZitadelClaims;
use std::fmt;

/// Writes the name of the type only.
fn name_only(name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.debug_struct(name).finish_non_exhaustive()
}

/// Implements `Debug`. A macro, since a function cannot implement a trait.
macro_rules! hide_claims_of {
    ($($claims:ident)+) => {$(
        impl fmt::Debug for $claims {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                name_only(stringify!($claims), f)
            }
        }
    )+};
}

hide_claims_of! {
    Auth0Claims
    AuthentikClaims
    AzureB2cClaims
    ClerkActor
    ClerkClaims
    ClerkOrganization
    CloudflareAccessClaims
    CognitoClaims
    DescopeClaims
    EntraClaims
    FirebaseClaims
    FirebaseSignIn
    FusionAuthClaims
    GithubActionsClaims
    GoogleClaims
    GoogleIapAccess
    GoogleIapClaims
    KeycloakClaims
    KeycloakRoles
    KindeClaims
    KubernetesBinding
    KubernetesClaims
    KubernetesObject
    OidcClaims
    OktaClaims
    OryClaims
    SupabaseClaims
    WorkOsClaims
    ZitadelClaims
}
