#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../docs/countersign.md")]

mod access;
mod authorize;
mod cache_control;
mod extract;
mod layer;
#[cfg(feature = "utoipa")]
mod openapi;
pub mod rejection;
mod source;
mod verifier;
#[cfg(feature = "ws")]
mod ws;

pub use access::{Access, Combine, DescribeAccess, Optional, Required, Unspecified};
pub use extract::current_user::CurrentUser;
pub use extract::principal::Principal;
pub use extract::require::{
    Group, Permission, Require, RequireGroups, RequirePermissions, RequireRoles, RequireScopes, Role, Scope,
};
pub use layer::authenticated::{AuthenticatedLayer, AuthenticatedService, authenticated, exposed_headers};
pub use layer::guard::GuardExt;
#[cfg(feature = "utoipa")]
pub use openapi::document_fault::DocumentFault;
#[cfg(feature = "utoipa")]
pub use openapi::guarded_router::{Guarded, GuardedRouter, Undecided};
#[cfg(feature = "utoipa")]
pub use openapi::matrix::{Matrix, MatrixRow};
#[cfg(feature = "utoipa")]
pub use openapi::operation::BearerAuth;
#[cfg(feature = "utoipa")]
pub use openapi::public::PublicExt;
#[cfg(feature = "utoipa")]
pub use openapi::route::Route;
#[cfg(feature = "utoipa")]
pub use openapi::routes::{IntoRoutes, Routes};
#[cfg(feature = "utoipa")]
pub use openapi::security_schemes::SecuritySchemes;
pub use rejection::data::Rejection;
pub use source::{DangerousSource, Source};
pub use verifier::Verifier;
pub use verifier::builder::VerifierBuilder;
pub use verifier::state::HasVerifier;
pub use verifier::verifier_for::{By, HasVerifierFor, VerifierFor};
#[cfg(feature = "ws")]
pub use ws::socket::{AuthenticatedSocket, RenewalError};
#[cfg(feature = "ws")]
pub use ws::token_expiry::TokenExpiry;
#[cfg(feature = "ws")]
pub use ws::upgrade::{AuthenticatedUpgrade, BrowserUpgrade, BrowserUpgradeRejection, UpgradeRejection};

#[cfg(feature = "jsonwebtoken")]
pub use countersign_core::AlgorithmConversionError;
pub use countersign_core::{
    Algorithm, All, AllOf, Any, AnyOf, Audience, Authenticated, Caller, CallerId, ClaimMap, ClaimPath, ClaimRule,
    Claims, Clock, ConfigError, Dependency, Entitlements, EntitlementsError, EntitlementsProvider, Expr, Grant, Issuer,
    IssuerKeys, Jwks, KeyCounts, KeyRefreshError, KeyReport, Lookup, ManualClock, Marker, NameSet, Requirement,
    Revocation, RevocationList, RevocationListFull, RevokedTokens, Rules, ServiceAccountRule, TokenClaims, TokenError,
    TokenKind, Unavailable, UnixTime, VerifiedToken, VerifyError, claims_by_issuer, groups, permissions, roles, scopes,
};
/// The presets of identity providers.
pub mod providers {
    pub use countersign_providers::Oidc;
}
#[cfg(feature = "dangerous-unsigned")]
pub use countersign_providers::DangerousProvider;
#[cfg(feature = "fetch")]
pub use countersign_providers::ProviderMetadata;
pub use countersign_providers::{
    Auth0, Auth0Claims, Authentik, AuthentikClaims, AzureB2c, AzureB2cClaims, Clerk, ClerkActor, ClerkClaims,
    ClerkOrganization, CloudflareAccess, CloudflareAccessClaims, Cognito, CognitoClaims, Descope, DescopeClaims, Entra,
    EntraClaims, EntraExternalId, Firebase, FirebaseClaims, FirebaseSignIn, FusionAuth, FusionAuthClaims,
    GithubActions, GithubActionsClaims, Google, GoogleClaims, GoogleIap, GoogleIapAccess, GoogleIapClaims, Keycloak,
    KeycloakClaims, KeycloakRoles, Kinde, KindeClaims, Kubernetes, KubernetesBinding, KubernetesClaims,
    KubernetesObject, Oidc, OidcClaims, Okta, OktaClaims, Ory, OryClaims, Provider, Supabase, SupabaseClaims, WorkOs,
    WorkOsClaims, Zitadel, ZitadelClaims,
};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use countersign_providers::{EntitlementTable, SqlEntitlements};

/// What the macros expand to. Not part of the API.
#[doc(hidden)]
#[cfg(feature = "utoipa")]
pub mod __private {
    pub use crate::openapi::handler_access::{
        HandlerAccess, HandlerArguments, NeverRejects, Probe, ViaDescription, ViaNeverRejects, ViaNothing, probes,
    };
    pub use crate::openapi::routes::merge;
    pub use {axum, utoipa_axum};
}

#[cfg(all(doctest, feature = "fetch"))]
#[doc = include_str!("../README.md")]
struct Readme;
