#![doc = include_str!("../docs/providers.md")]

mod address;
mod auth0;
mod catalogue;
mod cognito;
mod discovery;
mod entra;
mod environment;
mod fetch;
mod host;
mod http;
mod oidc;
mod page;
mod profile;
mod provider;
mod reference;
mod transport;

pub use auth0::{Auth0, Auth0Claims};
pub use cognito::{Cognito, CognitoClaims};
pub use discovery::ProviderMetadata;
pub use entra::{Entra, EntraClaims};
pub use environment::{Environment, Variable};
pub use oidc::{Oidc, OidcClaims};
pub use page::Page;
pub use profile::Profile;
pub use provider::{IssuesBothKinds, Preset, Provider};

/// For the tests of this workspace. Not part of the API.
#[doc(hidden)]
pub mod __private {
    pub use crate::catalogue::{Entry, Kinds, catalogue};
    pub use crate::reference::reference;
}
