#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../docs/providers.md")]

#[cfg(feature = "fetch")]
mod http;
mod preset;
mod presets;
mod reference;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql;

#[cfg(feature = "fetch")]
pub use http::discovery::ProviderMetadata;
pub use preset::docs::PresetDocs;
pub use preset::environment::{Environment, FromEnv, Variable};
pub use preset::profile::Profile;
pub use preset::provider::Provider;
pub use preset::recipients::Recipients;
pub use preset::traits::{IssuesBothKinds, Preset, TakesAudience, TakesClientId};
pub use presets::auth0::{Auth0, Auth0Claims};
pub use presets::authentik::{Authentik, AuthentikClaims};
pub use presets::azure_b2c::{AzureB2c, AzureB2cClaims};
pub use presets::clerk::{Clerk, ClerkActor, ClerkClaims, ClerkOrganization};
pub use presets::cloudflare_access::{CloudflareAccess, CloudflareAccessClaims};
pub use presets::cognito::{Cognito, CognitoClaims};
pub use presets::descope::{Descope, DescopeClaims};
pub use presets::entra::{Entra, EntraClaims};
pub use presets::entra_external_id::EntraExternalId;
pub use presets::firebase::{Firebase, FirebaseClaims, FirebaseSignIn};
#[cfg(feature = "dangerous-unsigned")]
pub use presets::firebase_emulator::DangerousProvider;
pub use presets::fusionauth::{FusionAuth, FusionAuthClaims};
pub use presets::github_actions::{GithubActions, GithubActionsClaims};
pub use presets::google::{Google, GoogleClaims};
pub use presets::google_iap::{GoogleIap, GoogleIapAccess, GoogleIapClaims};
pub use presets::keycloak::{Keycloak, KeycloakClaims, KeycloakRoles};
pub use presets::kinde::{Kinde, KindeClaims};
pub use presets::kubernetes::{Kubernetes, KubernetesBinding, KubernetesClaims, KubernetesObject};
pub use presets::oidc::{Oidc, OidcClaims};
pub use presets::okta::{Okta, OktaClaims};
pub use presets::ory::{Ory, OryClaims};
pub use presets::supabase::{Supabase, SupabaseClaims};
pub use presets::workos::{WorkOs, WorkOsClaims};
pub use presets::zitadel::{Zitadel, ZitadelClaims};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use sql::entitlements::SqlEntitlements;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use sql::table::EntitlementTable;

/// Items for the tests of this workspace. Not part of the API.
#[doc(hidden)]
pub mod __private {
    pub use crate::reference::catalogue::{Entry, Kinds, catalogue};
    pub use crate::reference::reference;
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
