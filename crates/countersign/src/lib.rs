#![doc = include_str!("../docs/countersign.md")]

mod access;
mod authentication;
mod bearer;
mod challenge;
mod current_user;
#[cfg(feature = "utoipa")]
mod extension;
mod guard;
mod guard_layer;
#[cfg(feature = "utoipa")]
mod guarded_router;
#[cfg(feature = "utoipa")]
mod matrix;
#[cfg(feature = "utoipa")]
mod openapi;
mod principal;
#[cfg(feature = "utoipa")]
mod public;
mod rejection;
mod require;
#[cfg(feature = "utoipa")]
mod route;
#[cfg(feature = "utoipa")]
mod routes;
#[cfg(feature = "utoipa")]
mod security_schemes;
mod verifier_state;

pub use access::{Access, Beside, DescribeAccess, Maybe, Needed, Unsaid};
pub use current_user::CurrentUser;
pub use guard::Guard;
#[cfg(feature = "utoipa")]
pub use guarded_router::{Guarded, GuardedRouter, Undecided};
#[cfg(feature = "utoipa")]
pub use matrix::{Matrix, MatrixRow};
#[cfg(feature = "utoipa")]
pub use openapi::BearerAuth;
pub use principal::Principal;
#[cfg(feature = "utoipa")]
pub use public::Public;
pub use rejection::{
    CurrentUserRejection, InsufficientScope, InvalidRequest, InvalidToken, MissingToken, Refused, RequireRejection,
    TemporarilyUnavailable,
};
pub use require::{
    Group, Permission, Require, RequireGroups, RequirePermissions, RequireRoles, RequireScopes, Role, Scope,
};
#[cfg(feature = "utoipa")]
pub use route::Route;
#[cfg(feature = "utoipa")]
pub use security_schemes::SecuritySchemes;

pub use verifier_state::HoldsVerifier;
#[doc(hidden)]
pub use verifier_state::NoConclusion;

pub use countersign_core::{
    Algorithm, All, AllOf, Any, AnyOf, Audience, Authenticated, ClaimMap, ClaimPath, ClaimRule, Claims, Clock,
    ConfigError, Dependency, Expr, Grant, Granted, Grants, GrantsError, GrantsProvider, Issuer, IssuerKeys, KeyCounts,
    KeyReport, MachineMark, ManualClock, Marker, NameSet, PrincipalKey, Reach, Requirement, Revocation, RevocationList,
    Rules, TokenClaims, TokenError, TokenKind, Unavailable, VerifiedToken, Verifier, VerifierBuilder, VerifyError,
    claims_by_issuer, groups, permissions, roles, scopes,
};
pub use countersign_providers::{
    Auth0, Auth0Claims, Authentik, AuthentikClaims, CloudflareAccess, CloudflareAccessClaims, Cognito, CognitoClaims,
    Descope, DescopeClaims, Entra, EntraClaims, Firebase, FirebaseClaims, FirebaseSignIn, FusionAuth, FusionAuthClaims,
    Google, GoogleClaims, Keycloak, KeycloakClaims, KeycloakRoles, Kinde, KindeClaims, Oidc, OidcClaims, Okta,
    OktaClaims, Ory, OryClaims, Provider, ProviderMetadata, Supabase, SupabaseClaims, WorkOs, WorkOsClaims, Zitadel,
    ZitadelClaims,
};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use countersign_providers::{GrantTable, SqlGrants};

/// What the macros expand to. Not part of the API.
#[doc(hidden)]
#[cfg(feature = "utoipa")]
pub mod __private {
    pub use crate::routes::{
        Gathered, HandlerArguments, Harmless, Probe, ViaDescription, ViaHarmless, ViaNothing, merge, probes,
    };
    pub use {axum, utoipa_axum};
}

/// The README's program compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
