//! Requests and errors in the form that OAuth 2 gives them, for both endpoints. No endpoint and no state lives here.

mod audience;
mod code_challenge;
mod error;
mod parameters;

pub(crate) use audience::requested_audience;
pub(crate) use code_challenge::CodeChallenge;
pub(crate) use error::OAuthError;
pub(crate) use parameters::Parameters;
