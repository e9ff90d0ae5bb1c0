//! Guards on routes: they run before every extractor of a handler.

use crate::layer::guard_layer::GuardLayer;
use crate::verifier::Verifier;
use axum::Router;
use axum::routing::MethodRouter;
use countersign_core::Requirement;

/// Guards routes, method routers and routers as a whole.
///
/// The guard runs before every extractor of the handlers, so that a 422 never tells unauthenticated callers anything.
/// It adds to existing guards: a caller must meet each of them. The token is still verified once.
///
/// # Example
///
/// ```
/// use axum::{Json, Router, routing::post};
/// use countersign::{GuardExt, RequireGroups, Verifier};
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
pub trait GuardExt: Sized {
    /// Lets only those callers through who meet `R`, on every route that is there so far, by every method: `any(..)`,
    /// the fallback of a `MethodRouter` and the answer 405 come after the guard. What is added afterwards is not
    /// guarded: routes, methods, a `method_not_allowed_fallback`. A router's own fallback is no route, and is not
    /// guarded either: guard its handler (`any(handler).guard::<R>(&verifier)`), or put
    /// [`authenticated`](crate::authenticated) on the router.
    ///
    /// An answer to a caller gets `Cache-Control: private`, unless the application sets that header. A preflight
    /// request is refused as any request without a token: put a `CorsLayer` outside of the guard, or see
    /// [`VerifierBuilder::pass_preflight`](crate::VerifierBuilder::pass_preflight).
    ///
    /// # Panics
    ///
    /// On a router without any route: that would guard nothing.
    #[must_use]
    fn guard<R: Requirement>(self, verifier: &Verifier) -> Self;
}

impl<S: Clone + Send + Sync + 'static> GuardExt for MethodRouter<S> {
    fn guard<R: Requirement>(self, verifier: &Verifier) -> Self {
        // `route_layer` would leave out the fallback, which `any(..)` is, too.
        self.layer(GuardLayer::<R>::of(verifier))
    }
}

impl<S: Clone + Send + Sync + 'static> GuardExt for Router<S> {
    #[track_caller]
    fn guard<R: Requirement>(self, verifier: &Verifier) -> Self {
        guard_routes(self, GuardLayer::<R>::of(verifier))
    }
}

/// Guards every route of a router. axum puts a `route_layer` of a router around whole endpoints, the fallbacks of
/// method routers included (tests/e2e/coverage.rs).
///
/// # Panics
///
/// When there is no route.
#[track_caller]
pub(crate) fn guard_routes<S, R>(router: Router<S>, guard: GuardLayer<R>) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    R: Requirement,
{
    assert!(router.has_routes(), "this router has no route yet, so a guard would guard nothing: add the routes first");
    router.route_layer(guard)
}

#[cfg(feature = "utoipa")]
mod documented {
    use super::*;
    use crate::access::Access;
    use crate::openapi::operation::restrict;
    use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

    /// The document is written for reading: nothing compares it with what is enforced.
    impl<S: Clone + Send + Sync + 'static> GuardExt for UtoipaMethodRouter<S> {
        fn guard<R: Requirement>(self, verifier: &Verifier) -> Self {
            let (mut schemas, mut paths, methods) = self;
            schemas.extend(restrict(&mut paths, &Access::requiring::<R>()));
            (schemas, paths, methods.guard::<R>(verifier))
        }
    }

    /// The document is written for reading: nothing compares it with what is enforced. A
    /// [`GuardedRouter`](crate::GuardedRouter) does.
    impl<S: Clone + Send + Sync + 'static> GuardExt for OpenApiRouter<S> {
        #[track_caller]
        fn guard<R: Requirement>(self, verifier: &Verifier) -> Self {
            let (router, mut openapi) = self.split_for_parts();
            let schemas = restrict(&mut openapi.paths, &Access::requiring::<R>());
            openapi.components.get_or_insert_default().schemas.extend(schemas);
            let mut guarded = Self::from(router.guard::<R>(verifier));
            *guarded.get_openapi_mut() = openapi;
            guarded
        }
    }
}
