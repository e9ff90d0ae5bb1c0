//! `routes!`: documented handlers of one path, with the access of each, which is kept apart from the document.

use crate::access::Access;
use crate::layer::guard::GuardExt;
use crate::openapi::extension;
use crate::openapi::operation::{document_operation, operations, put, schemas};
use crate::openapi::public::PublicExt;
use crate::verifier::Verifier;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::routing::MethodRouter;
use countersign_core::Requirement;
use std::convert::Infallible;
use std::fmt;
use tower_layer::Layer;
use tower_service::Service;
use utoipa::openapi::path::{Operation, PathItem, Paths};
use utoipa::openapi::{RefOr, Schema};
use utoipa_axum::router::UtoipaMethodRouter;

/// Collects `#[utoipa::path]` handlers as [`Routes`], and reads from their arguments who may call them. The document
/// gets it written: `security`, the answers 401 and 403, a line of description and the extension `x-access`.
///
/// A [`GuardedRouter`](crate::GuardedRouter) takes the routes as they are. `utoipa_axum::router::OpenApiRouter` takes
/// them with `.into()`.
///
/// Several handlers of one call share a path, and differ in their methods. An extractor of your own that wraps a guard
/// is read when it implements [`DescribeAccess`](crate::access::DescribeAccess); tuples of guards are not read.
///
/// Do not list the same handlers in `#[openapi(paths(..))]` of an `OpenApiRouter`: utoipa's router then keeps the
/// operation from there, which knows of no guard. A [`GuardedRouter`](crate::GuardedRouter) puts both together.
///
/// # Example
///
/// ```
/// use countersign::{RequireGroups, Verifier};
/// use utoipa_axum::router::OpenApiRouter;
///
/// countersign::groups! { pub Admin = "admin"; }
///
/// #[utoipa::path(get, path = "/admin")]
/// async fn admin(_: RequireGroups<Admin>) {}
///
/// let router: OpenApiRouter<Verifier> = OpenApiRouter::new().routes(countersign::routes!(admin).into());
/// let json = router.get_openapi().to_json()?;
/// assert!(json.contains("Requires group `admin`."));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[macro_export]
macro_rules! routes {
    // Plain names, token by token: then the compiler's messages point at the handler, not at the macro.
    ($first:ident $(:: $rest:ident)* $(, $more:ident $(:: $more_rest:ident)*)* $(,)?) => {{
        let routes = $crate::__routes!($first $(:: $rest)*);
        $( let routes = $crate::__private::merge(routes, $crate::__routes!($more $(:: $more_rest)*)); )*
        routes
    }};
    ($($other:tt)*) => {
        ::core::compile_error!(
            "`routes!` takes the names of `#[utoipa::path]` handlers, such as `routes!(list, reports::publish)`; \
             wrap a generic handler in an `async fn` with concrete types, or register it with `.route(..)`"
        )
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __routes {
    ($($handler:tt)+) => {
        $crate::__gathered!($($handler)+).document($crate::__private::utoipa_axum::routes!($($handler)+))
    };
}

/// Documented handlers of one path, and who may call each of them. Made by [`routes!`](crate::routes).
///
/// The access of a handler is kept apart from its document. Editing the document does not change it.
///
/// `.into()` converts it for `utoipa_axum::router::OpenApiRouter::routes`. There the document is only a description,
/// and is not compared with the enforcement. A [`GuardedRouter`](crate::GuardedRouter) compares it.
///
/// # Panics
///
/// `.into()` panics for an operation with an `x-access` of its own, and names it.
///
/// # Example
///
/// ```
/// use countersign::openapi::{PublicExt, Routes};
/// use countersign::{Authenticated, GuardExt, GuardedRouter, Verifier};
///
/// #[utoipa::path(get, path = "/prices")]
/// async fn prices() {}
///
/// #[utoipa::path(get, path = "/orders")]
/// async fn orders() {}
///
/// fn shop(verifier: &Verifier) -> GuardedRouter {
///     let open: Routes = countersign::routes!(prices).public();
///     GuardedRouter::new().routes(open).routes(countersign::routes!(orders).guard::<Authenticated>(verifier))
/// }
/// ```
#[must_use = "routes do nothing until a router has them"]
pub struct Routes<S = ()> {
    pub(crate) path: String,
    pub(crate) operations: Vec<RoutedOperation>,
    pub(crate) schemas: Vec<(String, RefOr<Schema>)>,
    pub(crate) methods: MethodRouter<S>,
}

/// One method of a path: its document as it was written by hand, and its access.
pub(crate) struct RoutedOperation {
    pub(crate) method: String,
    pub(crate) document: Operation,
    pub(crate) access: Access,
    pub(crate) reads_token: bool,
}

impl<S> Routes<S> {
    /// The routes of one handler, which all let in the same callers.
    pub(crate) fn new((schemas, paths, methods): UtoipaMethodRouter<S>, access: &Access, reads_token: bool) -> Self {
        // One handler has one path.
        let (path, mut item) = paths.paths.into_iter().next().unwrap_or_default();
        let operations = operations(&mut item)
            .map(|(method, document)| RoutedOperation {
                method: method.to_owned(),
                document: std::mem::take(document),
                access: access.clone(),
                reads_token,
            })
            .collect();
        Self { path, operations, schemas, methods }
    }

    fn add(&mut self, access: &Access) {
        for operation in &mut self.operations {
            operation.access = operation.access.clone().and(access.clone());
        }
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// Wraps every handler, as `layer` of axum's `MethodRouter`.
    ///
    /// # Security
    ///
    /// The layer runs before the guards that exist already, and before the handlers' arguments are extracted. Its own
    /// answers reach callers without a token.
    pub fn layer<L>(self, layer: L) -> Self
    where
        L: Layer<axum::routing::Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Response: IntoResponse + 'static,
        <L::Service as Service<Request>>::Error: Into<Infallible> + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        Self { methods: self.methods.layer(layer), ..self }
    }

    /// Provides the state.
    pub fn with_state<S2>(self, state: S) -> Routes<S2> {
        let Self { path, operations, schemas, methods } = self;
        Routes { path, operations, schemas, methods: methods.with_state(state) }
    }
}

impl<S> PublicExt for Routes<S> {
    fn public(mut self) -> Self {
        self.add(&Access::Public);
        self
    }
}

impl<S: Clone + Send + Sync + 'static> GuardExt for Routes<S> {
    fn guard<R: Requirement>(mut self, verifier: &Verifier) -> Self {
        self.add(&Access::requiring::<R>());
        Self { methods: self.methods.guard::<R>(verifier), ..self }
    }
}

/// Converts for `utoipa_axum::router::OpenApiRouter::routes`.
impl<S> From<Routes<S>> for UtoipaMethodRouter<S> {
    fn from(Routes { path, operations, schemas: mut all, methods }: Routes<S>) -> Self {
        let mut item = PathItem::default();
        for RoutedOperation { method, mut document, access, .. } in operations {
            assert!(
                !extension::is_in(document.extensions.as_ref()),
                "`x-access` of {method} {path} is written by hand: take it out, `routes!` writes what is enforced",
            );
            if access != Access::Undecided {
                document_operation(&mut document, &access);
            }
            if matches!(access, Access::Optional | Access::Required(_)) {
                all.extend(schemas());
            }
            put(&mut item, &method, document);
        }
        let mut paths = Paths::new();
        paths.paths.insert(path, item);
        (all, paths, methods)
    }
}

impl<S> fmt::Debug for Routes<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let access = |operation: &RoutedOperation| format!("{}: {}", operation.method, operation.access);
        let operations: Vec<String> = self.operations.iter().map(access).collect();
        f.debug_struct("Routes").field("path", &self.path).field("operations", &operations).finish_non_exhaustive()
    }
}

mod sealed {
    pub trait Sealed {}
    impl<S> Sealed for super::Routes<S> {}
}

/// [`Routes`], and nothing else: a [`GuardedRouter`](crate::GuardedRouter) must know who may call what it serves.
#[diagnostic::on_unimplemented(
    message = "a `GuardedRouter` takes the routes of `countersign::routes!` alone",
    label = "nobody knows who may call these",
    note = "write `countersign::routes!(..)` in place of `utoipa_axum::routes!(..)`, without `.into()` behind it"
)]
pub trait IntoRoutes<S>: sealed::Sealed {
    /// The routes.
    fn into_routes(self) -> Routes<S>;
}

impl<S> IntoRoutes<S> for Routes<S> {
    fn into_routes(self) -> Routes<S> {
        self
    }
}

/// Puts two handlers of one path together.
///
/// # Panics
///
/// When their paths differ: each handler would be served at both.
pub fn merge<S: Clone + Send + Sync + 'static>(mut routes: Routes<S>, more: Routes<S>) -> Routes<S> {
    assert!(
        routes.path == more.path,
        "`routes!` takes handlers of one path, not of {:?} and {:?}: give each path a `routes!` of its own",
        routes.path,
        more.path,
    );
    routes.operations.extend(more.operations);
    routes.schemas.extend(more.schemas);
    Routes { methods: routes.methods.merge(more.methods), ..routes }
}
