//! The token endpoint (RFC 6749 sections 4.1.3 and 4.4): authentication of its clients, and the tokens that it issues.
//! Authorization codes live in `authorization_code`.

mod access_token;
mod client;
mod endpoint;
mod id_token;

pub(crate) use access_token::access_token_without_client;
pub(crate) use endpoint::endpoint;
