#![doc = include_str!("../docs/providers.md")]

mod address;
mod cognito;
mod discovery;
mod fetch;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod grant_table;
mod http;
mod oidc;
mod provider;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql_grants;
mod transport;

pub use cognito::Cognito;
pub use discovery::ProviderMetadata;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use grant_table::GrantTable;
pub use oidc::Oidc;
pub use provider::{Preset, Profile, Provider};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use sql_grants::SqlGrants;
