//! Countersign and its peers, each guarding the same route as its own documentation says.
//!
//! All of them trust the same [`LocalIssuer`], check signature, issuer, audience and expiry, and answer with the `sub`
//! of the caller. Where a peer offers typed claims, the handler asks for [`Staff`].

mod app;
mod contenders;
mod local_issuer;
mod tokens;

pub use app::App;
pub use contenders::Contender;
pub use local_issuer::LocalIssuer;
pub use tokens::{AUDIENCE, BadToken, SUBJECT, Staff};
