#![doc = include_str!("../docs/providers.md")]

mod address;
mod auth0;
mod authentik;
mod azure_b2c;
mod catalogue;
mod clerk;
mod cloudflare_access;
mod cognito;
mod descope;
mod discovery;
mod entra;
mod entra_external_id;
mod environment;
mod fetch;
mod firebase;
mod fusionauth;
mod github_actions;
mod google;
mod google_iap;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod grant_database;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod grant_table;
mod host;
mod http;
mod keycloak;
mod kinde;
mod kubernetes;
mod oidc;
mod okta;
mod ory;
mod page;
mod profile;
mod provider;
mod reference;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql_grants;
mod supabase;
mod transport;
mod unshown;
mod workos;
mod zitadel;

pub use auth0::{Auth0, Auth0Claims};
pub use authentik::{Authentik, AuthentikClaims};
pub use azure_b2c::{AzureB2c, AzureB2cClaims};
pub use clerk::{Clerk, ClerkActor, ClerkClaims, ClerkOrganization};
pub use cloudflare_access::{CloudflareAccess, CloudflareAccessClaims};
pub use cognito::{Cognito, CognitoClaims};
pub use descope::{Descope, DescopeClaims};
pub use discovery::ProviderMetadata;
pub use entra::{Entra, EntraClaims};
pub use entra_external_id::EntraExternalId;
pub use environment::{Environment, Variable};
pub use firebase::{Firebase, FirebaseClaims, FirebaseSignIn};
pub use fusionauth::{FusionAuth, FusionAuthClaims};
pub use github_actions::{GithubActions, GithubActionsClaims};
pub use google::{Google, GoogleClaims};
pub use google_iap::{GoogleIap, GoogleIapAccess, GoogleIapClaims};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use grant_table::GrantTable;
pub use keycloak::{Keycloak, KeycloakClaims, KeycloakRoles};
pub use kinde::{Kinde, KindeClaims};
pub use kubernetes::{Kubernetes, KubernetesBinding, KubernetesClaims, KubernetesObject};
pub use oidc::{Oidc, OidcClaims};
pub use okta::{Okta, OktaClaims};
pub use ory::{Ory, OryClaims};
pub use page::Page;
pub use profile::Profile;
pub use provider::{DangerousProvider, IssuesBothKinds, Preset, Provider};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use sql_grants::SqlGrants;
pub use supabase::{Supabase, SupabaseClaims};
pub use workos::{WorkOs, WorkOsClaims};
pub use zitadel::{Zitadel, ZitadelClaims};

/// For the tests of this workspace. Not part of the API.
#[doc(hidden)]
pub mod __private {
    pub use crate::catalogue::{Entry, Kinds, catalogue};
    pub use crate::reference::reference;
}
