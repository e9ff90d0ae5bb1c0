//! Extractors: one file each.
//!
//! They run inside a handler. Guards around routes are in `layer/`.

pub(crate) mod current_user;
pub(crate) mod principal;
pub(crate) mod require;

pub use crate::verifier::state::HasVerifier;
pub use crate::verifier::verifier_for::{By, HasVerifierFor};
pub use current_user::CurrentUser;
pub use principal::Principal;
pub use require::{
    Group, Permission, Require, RequireGroups, RequirePermissions, RequireRoles, RequireScopes, Role, Scope,
};
