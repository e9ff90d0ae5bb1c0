#![doc = include_str!("../docs/countersign.md")]

mod access;
mod answer;
mod authenticated_layer;
#[cfg(feature = "ws")]
mod authenticated_socket;
mod authentication;
mod bearer;
mod cache_control;
mod challenge;
mod current_user;
#[cfg(feature = "utoipa")]
mod document_fault;
mod exceptions;
#[cfg(feature = "utoipa")]
mod extension;
#[cfg(feature = "utoipa")]
mod gathered;
mod grpc;
mod guard;
mod guard_layer;
#[cfg(feature = "utoipa")]
mod guarded_router;
mod handshake;
mod http_settings;
mod matched_route;
#[cfg(feature = "utoipa")]
mod matrix;
#[cfg(feature = "utoipa")]
mod openapi;
mod plain_path;
mod preflight;
mod principal;
#[cfg(feature = "utoipa")]
mod private_answers;
#[cfg(feature = "utoipa")]
mod public;
mod rejection;
mod require;
#[cfg(feature = "utoipa")]
mod route;
#[cfg(feature = "utoipa")]
mod routes;
#[cfg(feature = "ws")]
mod same_caller;
mod same_origin;
#[cfg(feature = "utoipa")]
mod security_schemes;
#[cfg(feature = "ws")]
mod socket_end;
mod source;
mod sources;
#[cfg(feature = "ws")]
mod token_expiry;
mod verifier_for;
mod verifier_state;
#[cfg(feature = "ws")]
mod websocket;

pub use access::{Access, Beside, DescribeAccess, Maybe, Needed, Unsaid};
pub use answer::Refused;
pub use authenticated_layer::{AuthenticatedLayer, AuthenticatedService, authenticated, exposed_headers};
#[cfg(feature = "ws")]
pub use authenticated_socket::{AuthenticatedSocket, RenewalError};
pub use current_user::CurrentUser;
#[cfg(feature = "utoipa")]
pub use document_fault::DocumentFault;
pub use guard::Guard;
#[cfg(feature = "utoipa")]
pub use guarded_router::{Guarded, GuardedRouter, Undecided};
pub use http_settings::HttpSettings;
#[cfg(feature = "utoipa")]
pub use matrix::{Matrix, MatrixRow};
#[cfg(feature = "utoipa")]
pub use openapi::BearerAuth;
pub use principal::Principal;
#[cfg(feature = "utoipa")]
pub use public::Public;
pub use rejection::{
    CrossOrigin, CurrentUserRejection, InsufficientScope, InvalidRequest, InvalidToken, MissingToken, RequireRejection,
    TemporarilyUnavailable,
};
pub use require::{
    Group, Permission, Require, RequireGroups, RequirePermissions, RequireRoles, RequireScopes, Role, Scope,
};
#[cfg(feature = "utoipa")]
pub use route::Route;
#[cfg(feature = "utoipa")]
pub use routes::{IntoRoutes, Routes};
#[cfg(feature = "utoipa")]
pub use security_schemes::SecuritySchemes;
pub use source::{DangerousSource, Source};
#[cfg(feature = "ws")]
pub use token_expiry::TokenExpiry;
pub use verifier_for::{By, HoldsVerifierFor, VerifierFor};
pub use verifier_state::HoldsVerifier;
#[doc(hidden)]
pub use verifier_state::NoConclusion;
#[cfg(feature = "ws")]
pub use websocket::{AuthenticatedUpgrade, AuthenticatedUpgradeRejection, BrowserUpgrade, BrowserUpgradeRejection};

pub use countersign_core::{
    Algorithm, All, AllOf, Any, AnyOf, Audience, Authenticated, ClaimMap, ClaimPath, ClaimRule, Claims, Clock,
    ConfigError, Dependency, Expr, Grant, Granted, Grants, GrantsError, GrantsProvider, Issuer, IssuerKeys, KeyCounts,
    KeyRefreshError, KeyReport, MachineMark, ManualClock, Marker, NameSet, PrincipalKey, Reach, Requirement,
    Revocation, RevocationList, RevocationListFull, Rules, TokenClaims, TokenError, TokenKind, Unavailable,
    VerifiedToken, Verifier, VerifierBuilder, VerifyError, claims_by_issuer, groups, permissions, roles, scopes,
};
pub use countersign_providers::{
    Auth0, Auth0Claims, Authentik, AuthentikClaims, AzureB2c, AzureB2cClaims, Clerk, ClerkActor, ClerkClaims,
    ClerkOrganization, CloudflareAccess, CloudflareAccessClaims, Cognito, CognitoClaims, Descope, DescopeClaims, Entra,
    EntraClaims, EntraExternalId, Firebase, FirebaseClaims, FirebaseSignIn, FusionAuth, FusionAuthClaims,
    GithubActions, GithubActionsClaims, Google, GoogleClaims, GoogleIap, GoogleIapAccess, GoogleIapClaims, Keycloak,
    KeycloakClaims, KeycloakRoles, Kinde, KindeClaims, Kubernetes, KubernetesBinding, KubernetesClaims,
    KubernetesObject, Oidc, OidcClaims, Okta, OktaClaims, Ory, OryClaims, Provider, ProviderMetadata, Supabase,
    SupabaseClaims, WorkOs, WorkOsClaims, Zitadel, ZitadelClaims,
};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use countersign_providers::{GrantTable, SqlGrants};

/// What the macros expand to. Not part of the API.
#[doc(hidden)]
#[cfg(feature = "utoipa")]
pub mod __private {
    pub use crate::gathered::{
        Gathered, HandlerArguments, Harmless, Probe, ViaDescription, ViaHarmless, ViaNothing, probes,
    };
    pub use crate::routes::merge;
    pub use {axum, utoipa_axum};
}

/// The README's program compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// The guide's programs compile.
#[cfg(all(doctest, feature = "utoipa", feature = "ws"))]
#[doc = include_str!("../../../docs/guide/web.md")]
struct WebGuide;
