//! `route!`: one handler without a document, read as `routes!` reads documented ones.

use crate::access::Access;
use crate::layer::guard::GuardExt;
use crate::openapi::public::PublicExt;
use crate::verifier::Verifier;
use axum::routing::MethodRouter;
use countersign_core::Requirement;
use std::fmt;

/// Reads one handler for [`GuardedRouter::route`](crate::GuardedRouter::route): the function of `axum::routing` that
/// takes it, and its name.
///
/// # Example
///
/// ```
/// use countersign::openapi::PublicExt;
/// use countersign::{GuardedRouter, Principal, Verifier};
///
/// async fn whoami(principal: Principal) -> String {
///     principal.subject().to_owned()
/// }
///
/// async fn livez() {}
///
/// let router: GuardedRouter<Verifier> = GuardedRouter::new()
///     .route("/whoami", countersign::route!(get, whoami))
///     .route("/livez", countersign::route!(get, livez).public());
/// assert!(router.build().is_ok());
/// ```
#[macro_export]
macro_rules! route {
    ($method:ident, $($handler:ident)::+) => {
        $crate::__gathered!($($handler)::+).into_route(
            ::core::stringify!($method),
            $crate::__private::axum::routing::$method($($handler)::+),
        )
    };
}

/// A handler without a document, and who may call it. Made by [`route!`](crate::route).
#[must_use = "a route does nothing until a router has it"]
pub struct Route<S = ()> {
    pub(crate) method: String,
    pub(crate) access: Access,
    pub(crate) reads_token: bool,
    pub(crate) methods: MethodRouter<S>,
}

impl<S> Route<S> {
    pub(crate) fn new(method: &str, access: Access, reads_token: bool, methods: MethodRouter<S>) -> Self {
        Self { method: method.to_ascii_uppercase(), access, reads_token, methods }
    }
}

impl<S> PublicExt for Route<S> {
    fn public(self) -> Self {
        Self { access: self.access.and(Access::Public), ..self }
    }
}

impl<S: Clone + Send + Sync + 'static> GuardExt for Route<S> {
    fn guard<R: Requirement>(self, verifier: &Verifier) -> Self {
        Self { access: self.access.and(Access::requiring::<R>()), methods: self.methods.guard::<R>(verifier), ..self }
    }
}

impl<S> fmt::Debug for Route<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route").field("method", &self.method).field("access", &self.access).finish_non_exhaustive()
    }
}
