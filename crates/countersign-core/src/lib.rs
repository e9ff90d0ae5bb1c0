#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../docs/core.md")]

mod clock;
mod entitlements;
mod error;
mod json;
mod keys;
mod policy;
mod principal;
mod requirement;
mod revocation;
mod scale;
mod token;
mod verified;
mod verifier;

pub use clock::{Clock, ManualClock, SystemClock, UnixTime};
pub use entitlements::provider::{Entitlements, EntitlementsError, EntitlementsProvider};
pub use error::{ConfigError, Dependency, TokenError, Unavailable, VerifyError};
pub use keys::algorithm::{Algorithm, Algorithms};
pub use keys::fetch::{BoxFuture, FetchError, FetchJwks, FetchedJwks};
#[cfg(feature = "jsonwebtoken")]
pub use keys::jsonwebtoken::AlgorithmConversionError;
pub use keys::jwk::SkipReason;
pub use keys::jwks::Jwks;
pub use keys::key_set::{KeySet, SkippedKey};
pub use keys::refresh_error::KeyRefreshError;
pub use keys::report::{KeyCounts, KeyReport};
pub use policy::audience::Audience;
pub use policy::claim_rule::{ClaimPlace, ClaimRule};
pub use policy::issuer::{IntoIssuer, Issuer, IssuerKeys};
pub use policy::issuer_names::TenantTemplate;
pub use principal::claim_map::{ClaimMap, ServiceAccountRule};
pub use principal::claim_path::ClaimPath;
pub use requirement::expr::{Expr, Grant};
pub use requirement::markers::{All, Any, Groups, Marker, MarkerKind, One, Permissions, Roles, Scopes, Select};
pub use verified::claims::Claims;
pub use verified::token_claims::TokenClaims;
pub use verifier::authorize::Caller;
pub use verifier::builder::{ClosedSet, OpenSet, VerifierBuilder};
pub use verifier::claims_by_issuer::IntoIssuers;

pub use entitlements::caller_id::CallerId;
pub use policy::custom_rules::Rules;
pub use policy::token_kind::TokenKind;
#[cfg(feature = "dangerous-unsigned")]
pub use policy::unsigned::DangerousIssuer;
pub use principal::Principal;
pub use principal::name_set::NameSet;
pub use requirement::lookup::Lookup;
pub use requirement::{AllOf, AnyOf, Authenticated, Requirement};
pub use revocation::Revocation;
pub use revocation::list::{RevocationList, RevocationListFull, RevokedTokens};
pub use verified::token::VerifiedToken;
pub use verifier::Verifier;
pub use verifier::pending::{PendingVerification, Verification};

/// Items that the macros expand to. Not part of the API.
#[doc(hidden)]
pub mod __private {
    pub use crate::requirement::implication::{Declaration, implied_by, is_name, is_scope_token};
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
