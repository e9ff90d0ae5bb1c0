#![doc = include_str!("../docs/providers.md")]

mod address;
mod cognito;
mod discovery;
mod fetch;
mod http;
mod oidc;
mod provider;
mod transport;

pub use cognito::Cognito;
pub use discovery::ProviderMetadata;
pub use oidc::Oidc;
pub use provider::{Preset, Profile, Provider};
