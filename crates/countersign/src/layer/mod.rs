//! Guards and authentication as layers around routes, routers and services.
//!
//! They run before every extractor.

pub(crate) mod authenticated;
pub(crate) mod exceptions;
pub(crate) mod grpc;
pub(crate) mod guard;
pub(crate) mod guard_layer;
pub(crate) mod matched_route;
pub(crate) mod plain_path;
pub(crate) mod preflight;
#[cfg(feature = "utoipa")]
pub(crate) mod private_answers;

pub use authenticated::{AuthenticatedLayer, AuthenticatedService, authenticated, exposed_headers};
pub use guard::GuardExt;
