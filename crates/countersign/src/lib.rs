#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../docs/countersign.md")]

pub mod access;
mod authorize;
mod cache_control;
pub mod extract;
pub mod layer;
#[cfg(feature = "utoipa")]
pub mod openapi;
pub mod rejection;
pub mod source;
mod verifier;
#[cfg(feature = "ws")]
pub mod ws;

pub use extract::current_user::CurrentUser;
pub use extract::principal::Principal;
pub use extract::require::{
    Group, Permission, Require, RequireGroups, RequirePermissions, RequireRoles, RequireScopes, Role, Scope,
};
pub use layer::authenticated::authenticated;
pub use layer::guard::GuardExt;
#[cfg(feature = "utoipa")]
pub use openapi::guarded_router::GuardedRouter;
pub use rejection::data::Rejection;
pub use source::Source;
pub use verifier::Verifier;
pub use verifier::builder::VerifierBuilder;
pub use verifier::verifier_for::{By, VerifierFor};

pub use countersign_core::{
    All, AllOf, Any, AnyOf, Authenticated, ConfigError, Requirement, claims_by_issuer, groups, permissions, roles,
    scopes,
};

/// Times and clocks: a verifier validates claims by a [`Clock`](clock::Clock).
pub mod clock {
    pub use countersign_core::{Clock, ManualClock, SystemClock, UnixTime};
}

/// Groups, roles and permissions that are not in the token.
///
/// # Example
///
/// ```
/// use countersign::Verifier;
/// use countersign::entitlements::{CallerId, Entitlements};
///
/// let builder = Verifier::builder().entitlements(|caller: CallerId| async move {
///     let is_admin = caller.subject() == "alice";
///     let groups: &[&str] = if is_admin { &["admin"] } else { &[] };
///     Ok(Entitlements::default().with_groups(groups.iter().copied()))
/// });
/// # let _ = builder;
/// ```
pub mod entitlements {
    pub use countersign_core::{Caller, CallerId, Entitlements, EntitlementsError, EntitlementsProvider};
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub use countersign_providers::{EntitlementTable, SqlEntitlements};
}

/// Errors of the configuration and of verification.
pub mod error {
    pub use countersign_core::{ConfigError, Dependency, TokenError, Unavailable, VerifyError};
}

/// Keys of issuers: algorithms, sources, reports, and fetches written by the application.
///
/// # Example
///
/// A fetch that reads the keys from a file:
///
/// ```
/// use countersign::keys::{BoxFuture, FetchError, FetchJwks, FetchedJwks, IssuerKeys};
/// use countersign::policy::{Audience, Issuer};
/// use std::sync::Arc;
///
/// #[derive(Debug)]
/// struct KeyFile(&'static str);
///
/// impl FetchJwks for KeyFile {
///     fn fetch(&self, _etag: Option<Arc<str>>) -> BoxFuture<'_, Result<FetchedJwks, FetchError>> {
///         Box::pin(async {
///             let text = std::fs::read(self.0).map_err(|error| FetchError::new("cannot read the key file", error))?;
///             Ok(FetchedJwks::jwks(text))
///         })
///     }
/// }
///
/// let issuer = Issuer::new("https://idp.example.com", IssuerKeys::fetched(KeyFile("/run/jwks.json")))
///     .audience(Audience::any_of(["https://api.example.com"]));
/// # let _ = issuer;
/// ```
pub mod keys {
    #[cfg(feature = "jsonwebtoken")]
    pub use countersign_core::AlgorithmConversionError;
    pub use countersign_core::{
        Algorithm, Algorithms, BoxFuture, FetchError, FetchJwks, FetchedJwks, IssuerKeys, Jwks, KeyCounts,
        KeyRefreshError, KeyReport, KeySet, SkipReason, SkippedKey,
    };
}

/// Policies of issuers: audiences, token kinds, rules about claims, and the claims that name the caller.
pub mod policy {
    #[cfg(feature = "dangerous-unsigned")]
    pub use countersign_core::DangerousIssuer;
    pub use countersign_core::{
        Audience, ClaimMap, ClaimPath, ClaimPlace, ClaimRule, ClosedSet, IntoIssuer, IntoIssuers, Issuer, OpenSet,
        Rules, ServiceAccountRule, TenantTemplate, TokenKind,
    };
}

/// Presets of identity providers, with their claims.
pub mod providers {
    #[cfg(feature = "dangerous-unsigned")]
    pub use countersign_providers::DangerousProvider;
    #[cfg(feature = "fetch")]
    pub use countersign_providers::ProviderMetadata;
    pub use countersign_providers::{
        Auth0, Auth0Claims, Authentik, AuthentikClaims, AzureB2c, AzureB2cClaims, Clerk, ClerkActor, ClerkClaims,
        ClerkOrganization, CloudflareAccess, CloudflareAccessClaims, Cognito, CognitoClaims, Descope, DescopeClaims,
        Entra, EntraClaims, EntraExternalId, Environment, Firebase, FirebaseClaims, FirebaseSignIn, FromEnv,
        FusionAuth, FusionAuthClaims, GithubActions, GithubActionsClaims, Google, GoogleClaims, GoogleIap,
        GoogleIapAccess, GoogleIapClaims, IssuesBothKinds, Keycloak, KeycloakClaims, KeycloakRoles, Kinde, KindeClaims,
        Kubernetes, KubernetesBinding, KubernetesClaims, KubernetesObject, Oidc, OidcClaims, Okta, OktaClaims, Ory,
        OryClaims, Preset, PresetDocs, Profile, Provider, Recipients, Supabase, SupabaseClaims, TakesAudience,
        TakesClientId, Variable, WorkOs, WorkOsClaims, Zitadel, ZitadelClaims,
    };
}

/// Requirements: their expressions, their kinds, and requirements written by the application.
///
/// # Example
///
/// A requirement takes the [`Principal`](requirement::Principal) of this module, which is the data that the extractor
/// `countersign::Principal` dereferences to:
///
/// ```
/// use countersign::requirement::{Expr, Principal};
/// use countersign::{Require, Requirement};
///
/// enum Person {}
///
/// impl Requirement for Person {
///     fn check(principal: &Principal) -> bool {
///         !principal.is_machine()
///     }
///
///     fn describe() -> Expr {
///         Expr::Custom("a person, not a machine".into())
///     }
/// }
///
/// async fn vote(_: Require<Person>) {}
/// ```
///
/// A requirement with a marker as its parameter:
///
/// ```
/// use countersign::requirement::{Expr, Lookup, Marker, Principal, Roles, Select};
/// use countersign::{Require, Requirement};
/// use std::marker::PhantomData;
///
/// countersign::roles! { pub Editor = "editor"; }
///
/// struct InOrg<R>(PhantomData<R>);
///
/// impl<R: Marker<Roles>> Requirement for InOrg<R> {
///     fn check(principal: &Principal) -> bool {
///         principal.tenant().is_some() && Select::<Roles, R>::check(principal)
///     }
///
///     fn describe() -> Expr {
///         Expr::All(vec![Expr::Custom("a member of an organization".into()), Select::<Roles, R>::describe()])
///     }
///
///     const LOOKUP: Lookup = Select::<Roles, R>::LOOKUP;
/// }
///
/// async fn edit(_: Require<InOrg<Editor>>) {}
/// ```
pub mod requirement {
    pub use countersign_core::{
        All, AllOf, Any, AnyOf, Authenticated, Expr, Grant, Groups, Lookup, Marker, MarkerKind, One, Permissions,
        Principal, Requirement, Roles, Scopes, Select,
    };
}

/// Revocation of tokens before they expire.
pub mod revocation {
    pub use countersign_core::{Revocation, RevocationList, RevocationListFull, RevokedTokens};
}

/// Verified tokens and their claims.
pub mod verified {
    pub use countersign_core::{Claims, NameSet, PendingVerification, TokenClaims, Verification, VerifiedToken};
}

/// Items that the macros expand to. Not part of the API.
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
