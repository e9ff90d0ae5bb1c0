//! Guards on routes: they run before every extractor of a handler.

use crate::guard_layer::GuardLayer;
use axum::Router;
use axum::routing::MethodRouter;
use countersign_core::{Requirement, Verifier};

/// What can be guarded as a whole: routes, method routers, routers.
///
/// The guard runs before every extractor of the handlers, so that a 422 never tells a stranger anything. It adds up with
/// what is there already: a caller must meet each of them. A token is verified once all the same.
///
/// # Example
///
/// ```
/// use axum::{Json, Router, routing::post};
/// use countersign::{Guard, RequireGroups, Verifier};
///
/// countersign::groups! { pub Admin = "admin"; }
///
/// async fn import(Json(rows): Json<Vec<u32>>) -> String {
///     rows.len().to_string()
/// }
///
/// fn router(verifier: &Verifier) -> Router {
///     Router::new().route("/import", post(import)).guard::<RequireGroups<Admin>>(verifier)
/// }
/// ```
pub trait Guard: Sized {
    /// Lets only those callers through who meet `R`, on every route that is there so far. Fallbacks are not routes.
    ///
    /// # Panics
    ///
    /// As axum's `route_layer`, on a router without any route: that would guard nothing.
    #[must_use]
    fn guard<R: Requirement>(self, verifier: &Verifier) -> Self;
}

impl<S: Clone + Send + Sync + 'static> Guard for MethodRouter<S> {
    fn guard<R: Requirement>(self, verifier: &Verifier) -> Self {
        self.route_layer(GuardLayer::of::<R>(verifier))
    }
}

impl<S: Clone + Send + Sync + 'static> Guard for Router<S> {
    fn guard<R: Requirement>(self, verifier: &Verifier) -> Self {
        self.route_layer(GuardLayer::of::<R>(verifier))
    }
}

#[cfg(feature = "utoipa")]
mod documented {
    use super::*;
    use crate::access::Access;
    use crate::openapi::restrict;
    use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

    /// The document is written for reading: nothing compares it with what is enforced.
    impl<S: Clone + Send + Sync + 'static> Guard for UtoipaMethodRouter<S> {
        fn guard<R: Requirement>(self, verifier: &Verifier) -> Self {
            let (mut schemas, mut paths, methods) = self;
            schemas.extend(restrict(&mut paths, &Access::requiring::<R>()));
            (schemas, paths, methods.guard::<R>(verifier))
        }
    }

    /// The document is written for reading: nothing compares it with what is enforced. A
    /// [`GuardedRouter`](crate::GuardedRouter) does.
    impl<S: Clone + Send + Sync + 'static> Guard for OpenApiRouter<S> {
        fn guard<R: Requirement>(mut self, verifier: &Verifier) -> Self {
            let openapi = self.get_openapi_mut();
            let schemas = restrict(&mut openapi.paths, &Access::requiring::<R>());
            openapi.components.get_or_insert_default().schemas.extend(schemas);
            self.route_layer(GuardLayer::of::<R>(verifier))
        }
    }
}
