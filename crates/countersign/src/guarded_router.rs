//! Deny by default: a router that refuses to be built while any route is undecided.

use crate::access::Access;
use crate::guard::Guard;
use crate::matrix::{Matrix, MatrixRow};
use crate::route::Route;
use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse;
use countersign_core::{Requirement, Verifier};
use std::convert::Infallible;
use std::fmt;
use tower_layer::Layer;
use tower_service::Service;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

/// A router on which every route is decided: guarded, optional, or declared [public](crate::Public::public).
///
/// It takes what [`routes!`](crate::routes) and [`route!`](crate::route) read, so it knows every operation. A `GET`
/// route answers `HEAD`, too, under the same guard; axum answers other methods, `OPTIONS` among them, with 405 before
/// any handler.
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
    router: OpenApiRouter<S>,
    /// What the document does not hold.
    undocumented: Vec<MatrixRow>,
    /// Fallbacks are no routes: a guard on the router leaves them alone.
    fallbacks: Vec<MatrixRow>,
}

/// What a [`GuardedRouter`] becomes when every route is decided.
pub struct Guarded<S = ()> {
    /// The router.
    pub router: Router<S>,
    /// Its document.
    pub openapi: OpenApi,
    /// Who may call what.
    pub matrix: Matrix,
}

impl<S> fmt::Debug for Guarded<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded").field("matrix", &self.matrix).finish_non_exhaustive()
    }
}

/// The routes that nobody has decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecided {
    routes: Vec<MatrixRow>,
}

impl Undecided {
    /// All of them.
    pub fn routes(&self) -> &[MatrixRow] {
        &self.routes
    }
}

impl fmt::Display for Undecided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody has decided who may call ")?;
        for (index, MatrixRow { method, path, .. }) in self.routes.iter().enumerate() {
            let separator = if index > 0 { ", " } else { "" };
            write!(f, "{separator}{method} {path}")?;
        }
        f.write_str(": guard each of them, or declare it `.public()`")
    }
}

impl std::error::Error for Undecided {}

impl<S: Clone + Send + Sync + 'static> GuardedRouter<S> {
    /// An empty router.
    pub fn new() -> Self {
        Self::with_openapi(OpenApiRouter::<S>::new().into_openapi())
    }

    /// An empty router with the beginning of a document.
    pub fn with_openapi(openapi: OpenApi) -> Self {
        Self { router: OpenApiRouter::with_openapi(openapi), undocumented: Vec::new(), fallbacks: Vec::new() }
    }

    /// Adds documented handlers: what [`routes!`](crate::routes) gives.
    #[must_use]
    pub fn routes(mut self, routes: UtoipaMethodRouter<S>) -> Self {
        self.router = self.router.routes(routes);
        self
    }

    /// Adds a handler without a document: what [`route!`](crate::route) gives.
    #[must_use]
    pub fn route(mut self, path: &str, route: Route<S>) -> Self {
        self.undocumented.push(undocumented(path, route.method, route.access));
        self.router = self.router.route(path, route.methods);
        self
    }

    /// Answers what no route matches. It must be decided as any route; a guard on the router does not reach it.
    #[must_use]
    pub fn fallback(mut self, route: Route<S>) -> Self {
        self.fallbacks.push(undocumented("/*", route.method, route.access));
        self.router = self.router.fallback(route.methods);
        self
    }

    /// Adds the routes of another router under a prefix.
    #[must_use]
    pub fn nest(mut self, prefix: &str, other: Self) -> Self {
        self.undocumented.extend(other.undocumented.into_iter().map(|row| row.under(prefix)));
        self.fallbacks.extend(other.fallbacks.into_iter().map(|row| row.under(prefix)));
        self.router = self.router.nest(prefix, other.router);
        self
    }

    /// Adds the routes of another router.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.undocumented.extend(other.undocumented);
        self.fallbacks.extend(other.fallbacks);
        self.router = self.router.merge(other.router);
        self
    }

    /// Wraps every route that is there so far, as axum's `layer`.
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
            undocumented: self.undocumented,
            fallbacks: self.fallbacks,
        }
    }

    /// Who may call what, as far as it is decided. A fallback stands there as `/*`.
    pub fn matrix(&self) -> Matrix {
        let documented = Matrix::of(&self.router);
        Matrix::new(documented.rows().iter().chain(&self.undocumented).chain(&self.fallbacks).cloned())
    }

    /// The router, its document and its matrix.
    ///
    /// # Errors
    ///
    /// [`Undecided`], with every route that nobody has decided.
    pub fn build(self) -> Result<Guarded<S>, Undecided> {
        let matrix = self.matrix();
        let routes: Vec<MatrixRow> = matrix.rows().iter().filter(|row| row.access == Access::Open).cloned().collect();
        if !routes.is_empty() {
            return Err(Undecided { routes });
        }
        let (router, openapi) = self.router.split_for_parts();
        Ok(Guarded { router, openapi, matrix })
    }
}

fn undocumented(path: &str, method: String, access: Access) -> MatrixRow {
    MatrixRow { path: path.to_owned(), method, access, documented: false }
}

impl<S: Clone + Send + Sync + 'static> Guard for GuardedRouter<S> {
    fn guard<R: Requirement>(mut self, verifier: &Verifier) -> Self {
        self.router = self.router.guard::<R>(verifier);
        for row in &mut self.undocumented {
            row.access = row.access.clone().and(Access::Required(vec![R::describe()]));
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
