#![doc = include_str!("../docs/core.md")]

mod algorithm;
mod audience;
mod builder;
mod claim_map;
mod claims;
mod clock;
mod error;
mod issuer;
mod json;
mod jwk;
mod key_set;
mod key_source;
mod name_set;
mod principal;
mod remote_keys;
mod requirement;
mod token;
mod token_kind;
mod typed_claims;
mod validation;
mod verified_token;
mod verifier;

pub use algorithm::{Algorithm, Algorithms};
pub use audience::Audience;
pub use builder::VerifierBuilder;
pub use claim_map::{ClaimMap, ClaimPath, MachineMark};
pub use claims::Claims;
pub use clock::{Clock, ManualClock, SystemClock};
pub use error::{ConfigError, TokenError, Unavailable, VerifyError};
pub use issuer::{IntoIssuer, Issuer, IssuerKeys};
pub use jwk::SkipReason;
pub use key_set::{KeySet, SkippedKey};

pub use name_set::NameSet;
pub use principal::Principal;
pub use remote_keys::{BoxFuture, Fetch, FetchError, Fetched};
#[doc(hidden)]
pub use requirement::__private;
pub use requirement::{
    All, Any, Expr, GrantKind, Groups, Marker, One, Permissions, Requirement, Roles, Scopes, Select,
};
pub use token_kind::TokenKind;
pub use verified_token::VerifiedToken;
pub use verifier::Verifier;
