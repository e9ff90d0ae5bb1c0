//! One provider, one file: issuer, keys, audience rule, required claims of token kinds, claims.

pub(crate) mod auth0;
pub(crate) mod authentik;
pub(crate) mod azure_b2c;
pub(crate) mod clerk;
pub(crate) mod cloudflare_access;
pub(crate) mod cognito;
pub(crate) mod descope;
pub(crate) mod entra;
pub(crate) mod entra_external_id;
pub(crate) mod firebase;
#[cfg(feature = "dangerous-unsigned")]
pub(crate) mod firebase_emulator;
pub(crate) mod fusionauth;
pub(crate) mod github_actions;
pub(crate) mod google;
pub(crate) mod google_iap;
pub(crate) mod keycloak;
pub(crate) mod kinde;
pub(crate) mod kubernetes;
pub(crate) mod oidc;
pub(crate) mod okta;
pub(crate) mod ory;
pub(crate) mod supabase;
pub(crate) mod workos;
pub(crate) mod zitadel;
