#![doc = include_str!("../docs/countersign.md")]

mod access;
mod authentication;
mod bearer;
mod challenge;
mod current_user;
#[cfg(feature = "utoipa")]
mod openapi;
mod principal;
mod rejection;
mod require;
#[cfg(feature = "utoipa")]
mod routes;
mod verifier_state;

pub use access::{Access, DescribeAccess};
pub use current_user::CurrentUser;
#[cfg(feature = "utoipa")]
pub use openapi::BearerAuth;
pub use principal::Principal;
pub use rejection::{
    CurrentUserRejection, InsufficientScope, InvalidRequest, InvalidToken, MissingToken, RequireRejection,
    TemporarilyUnavailable,
};
pub use require::{
    Group, Permission, Require, RequireGroups, RequirePermissions, RequireRoles, RequireScopes, Role, Scope,
};

pub use verifier_state::HoldsVerifier;
#[doc(hidden)]
pub use verifier_state::NoConclusion;

pub use countersign_core::{
    Algorithm, All, AllOf, Any, AnyOf, Audience, ClaimMap, ClaimPath, Claims, ConfigError, Expr, Issuer, IssuerKeys,
    MachineMark, NameSet, Requirement, TokenError, TokenKind, Unavailable, VerifiedToken, Verifier, VerifyError,
    groups, permissions, roles, scopes,
};
pub use countersign_providers::{Cognito, Oidc, Provider};

/// What the macros expand to. Not part of the API.
#[doc(hidden)]
#[cfg(feature = "utoipa")]
pub mod __private {
    pub use crate::routes::{Gathered, HandlerArguments, Probe, ViaDescription, ViaNothing, merge, probes};
    pub use utoipa_axum;
}

/// The README's program compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
