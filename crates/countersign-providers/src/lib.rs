#![doc = include_str!("../docs/providers.md")]

mod address;
mod auth0;
mod azure_b2c;
mod catalogue;
mod clerk;
mod cognito;
mod discovery;
mod entra;
mod entra_external_id;
mod environment;
mod fetch;
mod firebase;
mod github_actions;
mod google;
mod google_iap;
mod host;
mod http;
mod keycloak;
mod kubernetes;
mod oidc;
mod okta;
mod page;
mod profile;
mod provider;
mod reference;
mod transport;

pub use auth0::{Auth0, Auth0Claims};
pub use azure_b2c::{AzureB2c, AzureB2cClaims};
pub use clerk::{Clerk, ClerkActor, ClerkClaims, ClerkOrganization};
pub use cognito::{Cognito, CognitoClaims};
pub use discovery::ProviderMetadata;
pub use entra::{Entra, EntraClaims};
pub use entra_external_id::EntraExternalId;
pub use environment::{Environment, Variable};
pub use firebase::{Firebase, FirebaseClaims, FirebaseSignIn};
pub use github_actions::{GithubActions, GithubActionsClaims};
pub use google::{Google, GoogleClaims};
pub use google_iap::{GoogleIap, GoogleIapAccess, GoogleIapClaims};
pub use keycloak::{Keycloak, KeycloakClaims, KeycloakRoles};
pub use kubernetes::{Kubernetes, KubernetesBinding, KubernetesClaims, KubernetesObject};
pub use oidc::{Oidc, OidcClaims};
pub use okta::{Okta, OktaClaims};
pub use page::Page;
pub use profile::Profile;
pub use provider::{IssuesBothKinds, Preset, Provider};

/// For the tests of this workspace. Not part of the API.
#[doc(hidden)]
pub mod __private {
    pub use crate::catalogue::{Entry, Kinds, catalogue};
    pub use crate::reference::reference;
}
