//! The local issuer as clients meet it: over HTTP, from the login page to a verified token.

mod client;
mod code_flow;
mod login_page;
mod strangers;
mod token_endpoint;
