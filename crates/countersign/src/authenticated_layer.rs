//! Authentication as a layer, for a whole router or any tower service over HTTP.

use crate::authentication::{authenticate, authenticate_now, granted};
use crate::exceptions::Exceptions;
use crate::grpc::{in_terms_of_grpc, is_grpc};
use crate::principal::Principal;
use crate::rejection::CurrentUserRejection;
use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use axum::response::IntoResponse;
use countersign_core::{Granted, Verifier};
use futures_util::TryFutureExt as _;
use futures_util::future::{BoxFuture, Either, MapOk, Ready, ready};
use http::header::{ACCESS_CONTROL_REQUEST_METHOD, HeaderName, ORIGIN, RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{Method, Request, Response};
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// Lets only callers with a good token through, to a router or to any tower service over HTTP, and leaves the
/// [`Principal`] in the request's extensions. A call of gRPC is refused by `grpc-status`, too. Extractors and guards behind it verify nothing twice.
///
/// # Example
///
/// ```
/// use axum::{Extension, Router, routing::get};
/// use countersign::{Principal, Verifier, authenticated};
///
/// async fn me(Extension(principal): Extension<Principal>) -> String {
///     principal.subject().to_owned()
/// }
///
/// fn router(verifier: &Verifier) -> Router {
///     Router::new()
///         .route("/me", get(me))
///         .route("/livez", get(|| async { "alive" }))
///         .layer(authenticated(verifier).except(["/livez", "/docs/{*rest}"]))
/// }
/// ```
///
/// # Security
///
/// Preflight requests pass (`OPTIONS` with `Origin` and `Access-Control-Request-Method`), since browsers send no token
/// with them: a `CorsLayer` answers them, on whichever side of this layer. A handler that takes `OPTIONS`, such as one of
/// `any(..)`, must do nothing on it.
pub fn authenticated(verifier: &Verifier) -> AuthenticatedLayer {
    AuthenticatedLayer(Gate { verifier: verifier.clone(), exceptions: Exceptions::default() })
}

/// The headers of refusals that a script on another origin must be allowed to read, for a CORS layer.
///
/// # Example
///
/// ```
/// use tower_http::cors::{Any, CorsLayer};
///
/// let cors = CorsLayer::new().allow_origin(Any).expose_headers(countersign::exposed_headers());
/// # let _ = cors;
/// ```
pub fn exposed_headers() -> [HeaderName; 2] {
    [WWW_AUTHENTICATE, RETRY_AFTER]
}

/// What [`authenticated`] gives.
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until a router has it"]
pub struct AuthenticatedLayer(Gate);

impl AuthenticatedLayer {
    /// Leaves these paths open to callers without a token; one that is sent must be good there, too. The patterns are
    /// axum's, and mean what they would mean as routes of the router that the layer is on: a trailing slash counts, and a
    /// parameter stands for no other route that is written out. Only `{*rest}` stands for all that is below it, routes of
    /// their own included.
    ///
    /// # Panics
    ///
    /// As axum's `Router::route`, when a pattern is none.
    ///
    /// # Security
    ///
    /// Whatever is routed to such a path is open, by all methods. Paths that somebody may read in another way (`..`,
    /// `//`, an encoded slash or per cent sign) are never an exception. Around a whole router (`layer.layer(router)`), or a
    /// service that is none, nothing is routed yet: there a parameter stands for every text. Give such exceptions without
    /// parameters.
    #[track_caller]
    pub fn except<P: AsRef<str>>(mut self, patterns: impl IntoIterator<Item = P>) -> Self {
        for pattern in patterns {
            self.0.exceptions.add(pattern.as_ref());
        }
        self
    }
}

#[derive(Clone, Debug)]
struct Gate {
    verifier: Verifier,
    exceptions: Exceptions,
}

type Verdict = Result<Option<Granted>, CurrentUserRejection>;

impl Gate {
    /// Who calls, grants from outside of the token included; `None` when that must wait, for a key or for grants.
    fn judge_now(&self, parts: &mut Parts) -> Option<Verdict> {
        Some(match authenticate_now(parts, &self.verifier)? {
            Ok(Some(token)) => Ok(Some(self.verifier.granted_now(&token)?)),
            Ok(None) => Ok(None),
            Err(rejection) => Err(rejection),
        })
    }

    async fn judge(&self, parts: &mut Parts) -> Verdict {
        match authenticate(parts, &self.verifier).await? {
            Some(token) => granted(token, &self.verifier).await.map(Some),
            None => Ok(None),
        }
    }

    /// Leaves the caller in the request, or gives the answer to who may not pass.
    fn refusal(&self, parts: &mut Parts, verdict: Verdict) -> Option<Response<Body>> {
        let rejection = match verdict {
            Ok(Some(caller)) => {
                parts.extensions.insert(Principal::of(caller));
                return None;
            }
            Ok(None) if self.exceptions.cover(parts) => return None,
            Ok(None) => CurrentUserRejection::missing(&self.verifier),
            Err(rejection) => rejection,
        };
        let refusal = rejection.into_response();
        Some(if is_grpc(parts) { in_terms_of_grpc(refusal) } else { refusal })
    }
}

/// CORS (Fetch standard, section 4.8): browsers ask without credentials whether they may ask with some.
fn is_preflight(parts: &Parts) -> bool {
    let has = |name| parts.headers.contains_key(name);
    parts.method == Method::OPTIONS && has(ORIGIN) && has(ACCESS_CONTROL_REQUEST_METHOD)
}

impl<S> Layer<S> for AuthenticatedLayer {
    type Service = AuthenticatedService<S>;

    fn layer(&self, inner: S) -> AuthenticatedService<S> {
        AuthenticatedService { gate: self.0.clone(), inner }
    }
}

/// A service behind an [`AuthenticatedLayer`].
#[derive(Clone, Debug)]
pub struct AuthenticatedService<S> {
    gate: Gate,
    inner: S,
}

type Answer<E> = Result<Response<Body>, E>;

impl<S, B, RB> Service<Request<B>> for AuthenticatedService<S>
where
    S: Service<Request<B>, Response = Response<RB>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    B: Send + 'static,
    RB: HttpBody<Data = Bytes> + Send + 'static,
    RB::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    /// Called on, answered, or, for a key that is not known yet, waiting: only that is boxed.
    type Future = Either<
        MapOk<S::Future, fn(Response<RB>) -> Response<Body>>,
        Either<Ready<Answer<S::Error>>, BoxFuture<'static, Answer<S::Error>>>,
    >;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        let refusal = if is_preflight(&parts) {
            Some(None)
        } else {
            self.gate.judge_now(&mut parts).map(|verdict| self.gate.refusal(&mut parts, verdict))
        };
        match refusal {
            Some(None) => {
                let erase: fn(Response<RB>) -> Response<Body> = erase;
                Either::Left(self.inner.call(Request::from_parts(parts, body)).map_ok(erase))
            }
            Some(Some(refusal)) => Either::Right(Either::Left(ready(Ok(refusal)))),
            None => {
                // The service that was polled ready is the one to call.
                let other = self.inner.clone();
                let mut inner = std::mem::replace(&mut self.inner, other);
                let gate = self.gate.clone();
                Either::Right(Either::Right(Box::pin(async move {
                    let verdict = gate.judge(&mut parts).await;
                    match gate.refusal(&mut parts, verdict) {
                        None => inner.call(Request::from_parts(parts, body)).await.map(erase),
                        Some(refusal) => Ok(refusal),
                    }
                })))
            }
        }
    }
}

/// axum's own body stays as it is.
fn erase<B>(response: Response<B>) -> Response<Body>
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    response.map(Body::new)
}
