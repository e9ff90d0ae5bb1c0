//! Tests of the local issuer over HTTP, as a client uses it.

mod client;
mod code_flow;
mod login_page;
mod remote_sites;
mod token_endpoint;
