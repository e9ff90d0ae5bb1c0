//! Deny by default: a router that refuses to be built while any route is undecided.

use crate::access::Access;
use crate::layer::guard::{GuardExt, guard_routes};
use crate::layer::guard_layer::GuardLayer;
use crate::layer::preflight::Preflights;
use crate::layer::private_answers::PrivateAnswers;
use crate::openapi::document_fault::{DocumentFault, faults, serving};
use crate::openapi::matrix::{Matrix, MatrixRow};
use crate::openapi::operation::{add_document, add_item, document_operation, operations, put, schemas};
use crate::openapi::route::Route;
use crate::openapi::routes::{IntoRoutes, RoutedOperation, Routes};
use crate::verifier::Verifier;
use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse;
use countersign_core::Requirement;
use std::convert::Infallible;
use std::fmt;
use tower_layer::Layer;
use tower_service::Service;
use utoipa::openapi::path::PathItem;
use utoipa::openapi::{OpenApi, OpenApiBuilder};

/// A router on which every route is decided: guarded, optional, or declared
/// [public](crate::openapi::PublicExt::public).
///
/// It takes what [`routes!`](crate::routes) and [`route!`](crate::route) read, and nothing else, so it knows every
/// operation. Access is never read from the document. The build writes the document at the end. A `GET`
/// route answers `HEAD`, too, under the same guard; axum answers other methods, `OPTIONS` among them, with 405 before
/// any handler.
///
/// Its own guards hand preflight requests on where neither `OPTIONS` nor `any(..)` is routed: no handler can answer
/// there, only a layer such as `CorsLayer`, or the 405. So [`layer`](Self::layer) may come before or after
/// [`guard`](GuardExt::guard). Elsewhere a preflight request is refused as any request without a token, as plain guards
/// and layers do it everywhere. Answers of operations that look at a token get `Cache-Control: private`, unless the
/// application sets that header.
///
/// # Example
///
/// ```
/// use countersign::{GuardedRouter, Principal, Verifier};
///
/// #[utoipa::path(get, path = "/me")]
/// async fn me(_: Principal) {}
///
/// #[utoipa::path(get, path = "/forgotten")]
/// async fn forgotten() {}
///
/// let router: GuardedRouter<Verifier> =
///     GuardedRouter::new().routes(countersign::routes!(me)).routes(countersign::routes!(forgotten));
/// let undecided = router.build().unwrap_err();
/// assert!(undecided.to_string().contains("GET /forgotten"));
/// ```
pub struct GuardedRouter<S = ()> {
    router: Router<S>,
    openapi: OpenApi,
    /// Every operation. This list decides: a document can lose operations in a merge, and contain some that no route
    /// serves.
    operations: Vec<MatrixRow>,
    /// Fallbacks are no routes: a guard on the router leaves them alone.
    fallbacks: Vec<MatrixRow>,
}

/// The router, document and matrix that a [`GuardedRouter`] builds.
#[non_exhaustive]
pub struct Guarded<S = ()> {
    /// The router.
    pub router: Router<S>,
    /// Its document.
    pub openapi: OpenApi,
    /// The access matrix of its operations.
    pub matrix: Matrix,
}

impl<S> fmt::Debug for Guarded<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded").field("matrix", &self.matrix).finish_non_exhaustive()
    }
}

/// Undecided routes, and statements of the document that differ from what is enforced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecided {
    routes: Vec<MatrixRow>,
    faults: Vec<DocumentFault>,
}

impl Undecided {
    /// Returns all undecided routes.
    pub fn routes(&self) -> &[MatrixRow] {
        &self.routes
    }

    /// All statements of the document about access that were written by hand.
    pub fn faults(&self) -> &[DocumentFault] {
        &self.faults
    }
}

impl fmt::Display for Undecided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, MatrixRow { method, path, .. }) in self.routes.iter().enumerate() {
            let separator = if index > 0 { ", " } else { "nobody has decided who may call " };
            write!(f, "{separator}{method} {path}")?;
        }
        if !self.routes.is_empty() {
            f.write_str(": guard each of them, or declare it `.public()`")?;
        }
        for (index, fault) in self.faults.iter().enumerate() {
            let separator = if index > 0 || !self.routes.is_empty() { "; " } else { "" };
            write!(f, "{separator}{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Undecided {}

impl<S: Clone + Send + Sync + 'static> GuardedRouter<S> {
    /// An empty router.
    pub fn new() -> Self {
        Self::with_openapi(OpenApiBuilder::new().build())
    }

    /// Creates an empty router with the beginning of a document. Its operations keep what was written by hand, except
    /// `security`. The build adds the access of each. Each of them must be routed until then.
    pub fn with_openapi(mut openapi: OpenApi) -> Self {
        if let Some(root) = openapi.paths.paths.remove("") {
            // utoipa takes an empty path for the root.
            add_item(&mut openapi.paths, "/".to_owned(), root);
        }
        Self { router: Router::new(), openapi, operations: Vec::new(), fallbacks: Vec::new() }
    }

    /// Adds documented handlers: what [`routes!`](crate::routes) gives.
    #[must_use]
    pub fn routes(mut self, routes: impl IntoRoutes<S>) -> Self {
        let Routes { path, operations, schemas, methods } = routes.into_routes();
        // utoipa takes an empty path for the root.
        let path = if path.is_empty() { "/".to_owned() } else { path };
        let mut item = PathItem::default();
        let private = PrivateAnswers::of(operations.iter().map(|operation| {
            let RoutedOperation { method, access, reads_token, .. } = operation;
            (&**method, access, *reads_token)
        }));
        for RoutedOperation { method, document, access, .. } in operations {
            put(&mut item, &method, document);
            self.operations.push(MatrixRow { path: path.clone(), method, access, documented: true });
        }
        self.router = self.router.route(&path, private.lay(methods));
        add_item(&mut self.openapi.paths, path, item);
        self.openapi.components.get_or_insert_default().schemas.extend(schemas);
        self
    }

    /// Adds a handler without a document: what [`route!`](crate::route) gives.
    #[must_use]
    pub fn route(mut self, path: &str, route: Route<S>) -> Self {
        let private = PrivateAnswers::of([(&*route.method, &route.access, route.reads_token)]);
        self.operations.push(undocumented(path, route.method, route.access));
        self.router = self.router.route(path, private.lay(route.methods));
        self
    }

    /// Answers what no route matches. It must be decided as any route; a guard on the router does not reach it.
    #[must_use]
    pub fn fallback(mut self, route: Route<S>) -> Self {
        let private = PrivateAnswers::of([(&*route.method, &route.access, route.reads_token)]);
        self.router = self.router.fallback(private.lay(route.methods));
        self.fallbacks.push(undocumented(FALLBACK, route.method, route.access));
        self
    }

    /// Adds the routes of another router under a prefix, and its fallback.
    ///
    /// axum drops the fallbacks of routers that are nested in `other` where `other` has no fallback itself: the
    /// fallback of this router answers in their place. They are then not in the matrix, and the log says so.
    #[must_use]
    pub fn nest(mut self, prefix: &str, mut other: Self) -> Self {
        if other.fallbacks.iter().all(|row| row.path != FALLBACK) {
            for MatrixRow { path, .. } in other.fallbacks.drain(..) {
                tracing::warn!(
                    target: "countersign::routes",
                    fallback = nested(prefix, &path), prefix,
                    "axum drops this fallback, since the router that it is nested in is nested and has none: give the router \
                     at the prefix a fallback"
                );
            }
        }
        self.router = self.router.nest(prefix, other.router);
        add_document(&mut self.openapi, other.openapi, |path| nested(prefix, path));
        let under = |row: MatrixRow| MatrixRow { path: nested(prefix, &row.path), ..row };
        self.operations.extend(other.operations.into_iter().map(under));
        self.fallbacks.extend(other.fallbacks.into_iter().map(under));
        self
    }

    /// Adds the routes of another router.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        add_document(&mut self.openapi, other.openapi, str::to_owned);
        self.operations.extend(other.operations);
        self.fallbacks.extend(other.fallbacks);
        self
    }

    /// Wraps every route that is there so far, as axum's `layer`.
    ///
    /// # Security
    ///
    /// The layer runs before the guards that exist already, and before the handlers' arguments are extracted. Its own
    /// answers reach callers without a token.
    #[must_use]
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<axum::routing::Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Response: IntoResponse + 'static,
        <L::Service as Service<Request>>::Error: Into<Infallible> + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        self.router = self.router.layer(layer);
        self
    }

    /// Provides the state.
    #[must_use]
    pub fn with_state<S2>(self, state: S) -> GuardedRouter<S2> {
        GuardedRouter {
            router: self.router.with_state(state),
            openapi: self.openapi,
            operations: self.operations,
            fallbacks: self.fallbacks,
        }
    }

    /// Returns the access of every operation. A fallback has the path `/*`.
    pub fn matrix(&self) -> Matrix {
        let mut rows: Vec<MatrixRow> = self.operations.iter().chain(&self.fallbacks).cloned().collect();
        for row in rows.iter_mut().filter(|row| !row.documented) {
            // A document that was begun by hand may hold operations of routes that were added without one.
            let mut item = self.openapi.paths.paths.get(&row.path).cloned().unwrap_or_default();
            row.documented = operations(&mut item).any(|(method, _)| method == row.method);
        }
        Matrix::new(rows)
    }

    /// The router, its document and its matrix.
    ///
    /// # Errors
    ///
    /// [`Undecided`], with every undecided route, and with every statement about access that was written
    /// into the document by hand and is not what is enforced: the extension `x-access`, a line of description in the
    /// build's own form, an operation that no route serves.
    pub fn build(mut self) -> Result<Guarded<S>, Undecided> {
        let matrix = self.matrix();
        let routes: Vec<MatrixRow> =
            matrix.rows().iter().filter(|row| row.access == Access::Undecided).cloned().collect();
        let faults = faults(&mut self.openapi, &self.operations);
        if !routes.is_empty() || !faults.is_empty() {
            return Err(Undecided { routes, faults });
        }
        for (path, item) in &mut self.openapi.paths.paths {
            for (method, operation) in operations(item) {
                if let Some(row) = serving(&self.operations, method, path) {
                    document_operation(operation, &row.access);
                }
            }
        }
        self.openapi.components.get_or_insert_default().schemas.extend(schemas());
        Ok(Guarded { router: self.router, openapi: self.openapi, matrix })
    }
}

/// The path of a router's own fallback.
const FALLBACK: &str = "/*";

/// The path of a route under a prefix, joined as axum does it.
fn nested(prefix: &str, path: &str) -> String {
    match (prefix.ends_with('/'), path) {
        (true, path) => format!("{prefix}{}", path.trim_start_matches('/')),
        (false, "/") => prefix.to_owned(),
        (false, path) => format!("{prefix}{path}"),
    }
}

/// True when a handler may answer an `OPTIONS` request: every method that is not known to be another one counts, such
/// as `any`. A `GuardedRouter` knows every handler, since it takes those of `routes!` and `route!` alone.
fn may_take_options(method: &str) -> bool {
    !matches!(method, "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "TRACE" | "CONNECT")
}

fn undocumented(path: &str, method: String, access: Access) -> MatrixRow {
    MatrixRow { path: path.to_owned(), method, access, documented: false }
}

impl<S: Clone + Send + Sync + 'static> GuardExt for GuardedRouter<S> {
    #[track_caller]
    fn guard<R: Requirement>(mut self, verifier: &Verifier) -> Self {
        let is_taken = |path: &str| self.operations.iter().any(|row| row.path == path && may_take_options(&row.method));
        let paths = self.operations.iter().map(|row| &*row.path);
        let preflights = Preflights::at(paths.filter(|path| !is_taken(path)));
        self.router = guard_routes(self.router, GuardLayer::<R>::of(verifier).handing_on(preflights));
        for row in &mut self.operations {
            row.access = row.access.clone().and(Access::requiring::<R>());
        }
        self
    }
}

impl<S: Clone + Send + Sync + 'static> Default for GuardedRouter<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Clone + Send + Sync + 'static> fmt::Debug for GuardedRouter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardedRouter").field("matrix", &self.matrix()).finish_non_exhaustive()
    }
}
