#![doc = include_str!("../docs/testing.md")]

mod signing_key;
mod test_issuer;
mod test_token;

pub use signing_key::SigningKey;
pub use test_issuer::TestIssuer;
pub use test_token::TestToken;
