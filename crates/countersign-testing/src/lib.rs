#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../docs/testing.md")]

#[cfg(feature = "axum")]
mod access_test;
mod fault;
mod issuer_handle;
mod issuer_server;
mod issuer_state;
#[cfg(feature = "axum")]
mod needs;
mod signing_key;
mod test_issuer;
mod test_issuer_builder;
mod test_token;

#[cfg(feature = "axum")]
pub use access_test::AccessTest;
pub use fault::Fault;
pub use issuer_handle::IssuerHandle;
pub use signing_key::SigningKey;
pub use test_issuer::{Requests, TestIssuer};
pub use test_issuer_builder::TestIssuerBuilder;
pub use test_token::TestToken;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
