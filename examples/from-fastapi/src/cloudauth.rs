//! Programs of fastapi-cloudauth, one for each of its providers.

pub mod auth0;
pub mod cognito;
pub mod firebase;
