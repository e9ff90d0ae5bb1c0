#![doc = include_str!("../docs/testing.md")]

#[cfg(feature = "axum")]
mod access_test;
#[cfg(feature = "axum")]
mod needs;
mod signing_key;
mod test_issuer;
mod test_token;

#[cfg(feature = "axum")]
pub use access_test::AccessTest;
pub use signing_key::SigningKey;
pub use test_issuer::TestIssuer;
pub use test_token::TestToken;
