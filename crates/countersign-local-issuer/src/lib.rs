#![doc = include_str!("../docs/local-issuer.md")]

mod authorization;
mod authorization_code;
mod authorize;
mod discovery;
mod local_issuer;
mod local_issuer_builder;
mod loopback;
mod oauth;
mod persona;
mod random;
mod rotate;
mod router;
mod server_state;
mod token;

pub use countersign_testing::{TestIssuer, TestToken};
pub use local_issuer::LocalIssuer;
pub use local_issuer_builder::LocalIssuerBuilder;
pub use persona::Persona;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
