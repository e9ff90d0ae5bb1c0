//! `from_env` of all presets.

use crate::preset::environment::Environment;
use crate::preset::provider::Provider;
use crate::preset::traits::Preset;
use crate::presets::auth0::Auth0;
use crate::presets::authentik::Authentik;
use crate::presets::azure_b2c::AzureB2c;
use crate::presets::clerk::Clerk;
use crate::presets::cloudflare_access::CloudflareAccess;
use crate::presets::cognito::Cognito;
use crate::presets::descope::Descope;
use crate::presets::entra::Entra;
use crate::presets::entra_external_id::EntraExternalId;
use crate::presets::firebase::Firebase;
use crate::presets::fusionauth::FusionAuth;
use crate::presets::github_actions::GithubActions;
use crate::presets::google::Google;
use crate::presets::google_iap::GoogleIap;
use crate::presets::keycloak::Keycloak;
use crate::presets::kinde::Kinde;
use crate::presets::kubernetes::Kubernetes;
use crate::presets::oidc::Oidc;
use crate::presets::okta::Okta;
use crate::presets::ory::Ory;
use crate::presets::supabase::Supabase;
use crate::presets::workos::WorkOs;
use crate::presets::zitadel::Zitadel;
use countersign_core::ConfigError;

impl<P: Preset> Provider<P> {
    fn from_env() -> Result<Self, ConfigError> {
        P::FROM_ENV.read(&Environment::new(&|name| std::env::var(name).ok()))
    }
}

/// Adds `from_env` to each preset. A macro, since `Keycloak::from_env()` must work without importing a trait, and no
/// function can add inherent functions to types.
macro_rules! from_env_of {
    ($($(#[doc = $variables:literal])+ $preset:ident)+) => {$(
        impl $preset {
            $(#[doc = $variables])+
            ///
            /// # Errors
            ///
            /// [`ConfigError::MissingVariable`].
            pub fn from_env() -> Result<Provider<Self>, ConfigError> {
                Provider::from_env()
            }
        }
    )+};
}

from_env_of! {
    /// Reads `AUTH0_DOMAIN` and `AUTH0_AUDIENCE`.
    Auth0
    /// Reads `AUTHENTIK_HOST`, `AUTHENTIK_APPLICATION` and `AUTHENTIK_CLIENT_ID`.
    Authentik
    /// Reads `AZURE_B2C_TENANT`, `AZURE_B2C_TENANT_ID`, `AZURE_B2C_POLICY` and `AZURE_B2C_AUDIENCE`.
    AzureB2c
    /// Reads `CLERK_FRONTEND_API` and `CLERK_AUTHORIZED_PARTY`.
    Clerk
    /// Reads `CLOUDFLARE_ACCESS_TEAM_DOMAIN` and `CLOUDFLARE_ACCESS_AUD`.
    CloudflareAccess
    /// Reads `COGNITO_REGION`, `COGNITO_USER_POOL_ID` and `COGNITO_CLIENT_ID`.
    Cognito
    /// Reads `DESCOPE_PROJECT_ID`.
    Descope
    /// Reads `ENTRA_TENANT_ID` and `ENTRA_AUDIENCE`.
    Entra
    /// Reads `ENTRA_EXTERNAL_TENANT`, `ENTRA_EXTERNAL_TENANT_ID` and `ENTRA_EXTERNAL_AUDIENCE`.
    EntraExternalId
    /// Reads `FIREBASE_PROJECT_ID` and, if it is set, `FIREBASE_TENANT`.
    Firebase
    /// Reads `FUSIONAUTH_URL`, `FUSIONAUTH_ISSUER` and `FUSIONAUTH_APPLICATION_ID`.
    FusionAuth
    /// Reads `GITHUB_ACTIONS_AUDIENCE` and `GITHUB_ACTIONS_REPOSITORY_OWNER`, for workflows on github.com.
    GithubActions
    /// Reads `GOOGLE_CLIENT_ID` and, if it is set, `GOOGLE_HOSTED_DOMAIN`.
    Google
    /// Reads `GOOGLE_IAP_AUDIENCE`.
    GoogleIap
    /// Reads `KEYCLOAK_URL`, `KEYCLOAK_REALM` and `KEYCLOAK_AUDIENCE`.
    Keycloak
    /// Reads `KINDE_DOMAIN` and `KINDE_AUDIENCE`.
    Kinde
    /// Reads `KUBERNETES_ISSUER`, `KUBERNETES_AUDIENCE` and, if it is set, `KUBERNETES_NAMESPACE`.
    Kubernetes
    /// Reads `OIDC_ISSUER` and `OIDC_AUDIENCE`.
    Oidc
    /// Reads `OKTA_DOMAIN`, `OKTA_AUDIENCE` and, if it is set, `OKTA_AUTHORIZATION_SERVER`.
    Okta
    /// Reads `ORY_PROJECT_SLUG` and `ORY_AUDIENCE`.
    Ory
    /// Reads `SUPABASE_PROJECT_REF`.
    Supabase
    /// Reads `WORKOS_CLIENT_ID` and, if it is set, `WORKOS_ISSUER`.
    WorkOs
    /// Reads `ZITADEL_DOMAIN` and `ZITADEL_PROJECT_ID`.
    Zitadel
}
