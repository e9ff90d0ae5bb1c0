//! The OpenAPI document and the auth matrix, read from argument types.
//!
//! Nothing here decides about a request.

pub(crate) mod document_fault;
pub(crate) mod extension;
pub(crate) mod guarded_router;
pub(crate) mod handler_access;
pub(crate) mod matrix;
pub(crate) mod operation;
pub(crate) mod public;
pub(crate) mod route;
pub(crate) mod routes;
pub(crate) mod security_schemes;

pub use document_fault::DocumentFault;
pub use guarded_router::{Guarded, GuardedRouter, Undecided};
pub use matrix::{Matrix, MatrixRow};
pub use operation::BearerAuth;
pub use public::PublicExt;
pub use route::Route;
pub use routes::{IntoRoutes, Routes};
pub use security_schemes::SecuritySchemes;
