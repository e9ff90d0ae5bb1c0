#![doc = include_str!("../docs/providers.md")]

mod address;
mod auth0;
mod catalogue;
mod cognito;
mod discovery;
mod entra;
mod environment;
mod fetch;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod grant_table;
mod host;
mod http;
mod oidc;
mod page;
mod profile;
mod provider;
mod reference;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql_grants;
mod transport;

pub use auth0::{Auth0, Auth0Claims};
pub use cognito::{Cognito, CognitoClaims};
pub use discovery::ProviderMetadata;
pub use entra::{Entra, EntraClaims};
pub use environment::{Environment, Variable};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use grant_table::GrantTable;
pub use oidc::{Oidc, OidcClaims};
pub use page::Page;
pub use profile::Profile;
pub use provider::{IssuesBothKinds, Preset, Provider};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use sql_grants::SqlGrants;

/// For the tests of this workspace. Not part of the API.
#[doc(hidden)]
pub mod __private {
    pub use crate::catalogue::{Entry, Kinds, catalogue};
    pub use crate::reference::reference;
}
