#![doc = include_str!("../docs/testing.md")]

#[cfg(feature = "axum")]
mod access_test;
mod fault;
mod local_issuer;
#[cfg(feature = "axum")]
mod needs;
mod provider_server;
mod signing_key;
mod test_issuer;
mod test_token;

#[cfg(feature = "axum")]
pub use access_test::AccessTest;
pub use fault::Fault;
pub use local_issuer::{LocalIssuer, LocalIssuerBuilder, Persona};
pub use signing_key::SigningKey;
pub use test_issuer::{Requests, TestIssuer};
pub use test_token::TestToken;
