//! Countersign and its peers. Each guards the same route as its documentation recommends.
//!
//! All of them trust the same [`LocalIssuer`], check signature, issuer, audience and expiry, and answer with the `sub`
//! of the caller. If a peer supports typed claims, the handler uses [`Staff`].

mod app;
mod contenders;
mod local_issuer;
mod tokens;

pub use app::App;
pub use contenders::Contender;
pub use local_issuer::LocalIssuer;
pub use tokens::{AUDIENCE, BadToken, SUBJECT, Staff};
