//! Each program over HTTP, with keys and tokens of a provider that runs here.

mod api;
mod around;
mod auth0;
mod auth_middleware;
mod authx;
mod cognito;
mod firebase;
