#![doc = include_str!("../docs/core.md")]

mod algorithm;
mod attachment;
mod audience;
mod builder;
mod claim_map;
mod claim_path;
mod claim_rule;
mod claims;
mod claims_by_issuer;
mod clock;
mod clock_skew;
mod declaration;
mod digest;
mod error;
mod expr;
mod fetch;
mod grant;
mod granted;
mod grants_cache;
mod grants_provider;
mod header_memo;
mod issuer;
mod issuer_name;
mod json;
mod jwk;
mod keeper;
mod key_refresh;
mod key_report;
mod key_set;
mod key_source;
mod missing_keys;
mod name_set;
mod pace;
mod principal;
mod principal_key;
mod provenance;
mod reach;
mod remote_keys;
mod requirement;
mod revocation;
mod revocation_list;
mod revocation_place;
mod revocation_shard;
mod roca;
mod rules;
mod scale;
mod shared_keys;
mod spki;
mod token;
mod token_cache;
mod token_kind;
mod typed_claims;
mod unsigned;
mod validation;
mod verified_token;
mod verifier;
mod weighing;

pub use algorithm::{Algorithm, Algorithms};
pub use audience::Audience;
pub use builder::{AnyIssuers, TheseIssuers, VerifierBuilder};
pub use claim_map::{ClaimMap, MachineMark};
pub use claim_path::ClaimPath;
pub use claim_rule::{ClaimPlace, ClaimRule};
pub use claims::Claims;
pub use claims_by_issuer::{IntoIssuers, TokenClaims};
pub use clock::{Clock, ManualClock, SystemClock};
pub use error::{ConfigError, Dependency, TokenError, Unavailable, VerifyError};
pub use expr::{Expr, Grant};
pub use fetch::{BoxFuture, Fetch, FetchError, Fetched};
pub use grant::{All, Any, GrantKind, Groups, Marker, One, Permissions, Roles, Scopes, Select};
pub use granted::Granted;
pub use grants_provider::{Grants, GrantsError, GrantsProvider};
pub use issuer::{IntoIssuer, Issuer, IssuerKeys};
pub use jwk::SkipReason;
pub use key_refresh::KeyRefreshError;
pub use key_report::{KeyCounts, KeyReport};
pub use key_set::{KeySet, SkippedKey};

pub use name_set::NameSet;
pub use principal::Principal;
pub use principal_key::PrincipalKey;
pub use reach::Reach;
pub use requirement::{AllOf, AnyOf, Authenticated, Requirement};
pub use revocation::Revocation;
pub use revocation_list::{RevocationList, RevocationListFull};
pub use rules::Rules;
pub use token_kind::TokenKind;
pub use unsigned::DangerousIssuer;
pub use verified_token::VerifiedToken;
pub use verifier::Verifier;

/// What the macros expand to. Not part of the API.
#[doc(hidden)]
pub mod __private {
    pub use crate::declaration::{Declaration, implied_by, is_name, is_scope_token};
}
