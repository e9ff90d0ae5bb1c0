//! Tests of each program over HTTP, with keys and tokens of a provider in the test process.

mod api;
mod around;
mod auth0;
mod auth_middleware;
mod authx;
mod cognito;
mod firebase;
