//! `Debug` of the presets' claims: the name of the type and nothing else, since claims are personal.

use crate::auth0::Auth0Claims;
use crate::authentik::AuthentikClaims;
use crate::azure_b2c::AzureB2cClaims;
use crate::clerk::{ClerkActor, ClerkClaims, ClerkOrganization};
use crate::cloudflare_access::CloudflareAccessClaims;
use crate::cognito::CognitoClaims;
use crate::descope::DescopeClaims;
use crate::entra::EntraClaims;
use crate::firebase::{FirebaseClaims, FirebaseSignIn};
use crate::fusionauth::FusionAuthClaims;
use crate::github_actions::GithubActionsClaims;
use crate::google::GoogleClaims;
use crate::google_iap::{GoogleIapAccess, GoogleIapClaims};
use crate::keycloak::{KeycloakClaims, KeycloakRoles};
use crate::kinde::KindeClaims;
use crate::kubernetes::{KubernetesBinding, KubernetesClaims, KubernetesObject};
use crate::oidc::OidcClaims;
use crate::okta::OktaClaims;
use crate::ory::OryClaims;
use crate::supabase::SupabaseClaims;
use crate::workos::WorkOsClaims;
use crate::zitadel::ZitadelClaims;
use std::fmt;

/// The one thing that all of them do.
fn name_only(name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.debug_struct(name).finish_non_exhaustive()
}

/// A trait is implemented by no function.
macro_rules! show_no_claim_of {
    ($($claims:ident)+) => {$(
        impl fmt::Debug for $claims {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                name_only(stringify!($claims), f)
            }
        }
    )+};
}

show_no_claim_of! {
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
