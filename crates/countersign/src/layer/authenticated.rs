//! Authentication as a layer, for a whole router or any tower service over HTTP.

use crate::authorize::{Pending, Progress, authorize_now, caller, present, remember};
use crate::cache_control::keep_private;
use crate::extract::principal::Principal;
use crate::layer::exceptions::Exceptions;
use crate::layer::grpc::{in_terms_of_grpc, is_grpc};
use crate::layer::preflight::Preflights;
use crate::rejection::data::Rejection;
use crate::verifier::Verifier;
use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use axum::response::IntoResponse;
use countersign_core::{Authenticated, Caller};
use futures_util::TryFutureExt as _;
use futures_util::future::{BoxFuture, Either, MapOk, Ready, ready};
use http::header::{HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{Request, Response};
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// Lets only callers with a good token through, to a router or to any tower service over HTTP, and leaves the
/// [`Principal`] in the request's extensions. A call of gRPC is refused by `grpc-status`, too. Extractors and guards
/// behind it verify nothing twice.
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
/// A preflight request of a browser carries no token, and is refused as any other request: put the `CorsLayer` outside
/// (`.layer(authenticated(..)).layer(cors)`), where it answers first, or see [`AuthenticatedLayer::pass_preflight`].
/// Shared caches are told to keep no answer to a caller (`Cache-Control: private`, unless the application sets that
/// header).
pub fn authenticated(verifier: &Verifier) -> AuthenticatedLayer {
    AuthenticatedLayer(Gate {
        verifier: verifier.clone(),
        exceptions: Exceptions::default(),
        preflights: Preflights::of(verifier),
    })
}

/// The headers of refusals that a script on another origin must be allowed to read, for a CORS layer.
///
/// # Example
///
/// ```
/// use tower_http::cors::{Any, CorsLayer};
///
/// let cors = CorsLayer::new().allow_origin(Any).expose_headers(countersign::layer::exposed_headers());
/// # let _ = cors;
/// ```
pub fn exposed_headers() -> [HeaderName; 2] {
    [WWW_AUTHENTICATE, RETRY_AFTER]
}

/// The layer made by [`authenticated`].
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until a router has it"]
pub struct AuthenticatedLayer(Gate);

impl AuthenticatedLayer {
    /// Leaves these paths open to callers without a token; one that is sent must be good there, too. The patterns are
    /// axum's, and mean what they would mean as routes of the router that the layer is on: a trailing slash counts, and
    /// a parameter does not match another route that is written out. Only `{*rest}` matches everything below it,
    /// including other routes.
    ///
    /// A pattern with a `{parameter}` counts only where axum tells which route it has matched. It tells none for
    /// `nest_service`, for fallbacks, around a whole router (`layer.layer(router)`) and around a service that is no
    /// router. Give exceptions without parameters there. The log tells of a pattern that does not count.
    ///
    /// # Panics
    ///
    /// Panics like axum's `Router::route` if a pattern is invalid.
    ///
    /// # Security
    ///
    /// A handler or service that is routed to such a path is open, by all methods. A path that another service may read
    /// differently (`..`, `//`, an encoded slash, dot, per cent sign or control character, an invalid encoding, and
    /// more) is never an exception. A router that a route of another router calls as a service (`any_service(router)`)
    /// is told the route of the other one where it has none itself: give exceptions without parameters there, too.
    #[track_caller]
    pub fn except<P: AsRef<str>>(mut self, patterns: impl IntoIterator<Item = P>) -> Self {
        for pattern in patterns {
            self.0.exceptions.add(pattern.as_ref());
        }
        self
    }

    /// Lets preflight requests through without a token: `OPTIONS` with `Origin` and `Access-Control-Request-Method`,
    /// and without a body. It is for a `CorsLayer` that must be inside of this layer; one outside answers before this
    /// layer is asked, and gives CORS headers to refusals, too. Guards have [a
    /// setting](crate::VerifierBuilder::pass_preflight) for this.
    ///
    /// # Example
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use countersign::{Verifier, authenticated};
    /// use tower_http::cors::CorsLayer;
    ///
    /// fn router(verifier: &Verifier) -> Router {
    ///     Router::new()
    ///         .route("/me", get(|| async { "known" }))
    ///         .layer(CorsLayer::permissive())
    ///         .layer(authenticated(verifier).pass_preflight())
    /// }
    /// ```
    ///
    /// # Security
    ///
    /// Any client can send such a request. A handler that takes `OPTIONS`, such as one of `any(..)`, or a fallback then
    /// runs without a token, unless a `CorsLayer` answers in front of it.
    pub fn pass_preflight(mut self) -> Self {
        self.0.preflights = Preflights::everywhere();
        self
    }
}

#[derive(Clone, Debug)]
struct Gate {
    verifier: Verifier,
    exceptions: Exceptions,
    preflights: Preflights,
}

/// The decision on a request.
enum Passage {
    Through(Passenger),
    Refused(Response<Body>),
}

enum Passenger {
    Known,
    Unauthenticated,
}

type Verdict = Result<Option<Caller>, Rejection>;

/// The outcome of the first step.
enum Step {
    Done(Verdict),
    Pending(Pending),
}

impl Gate {
    /// Finds the caller, with entitlements from outside of the token, as far as that is possible without waiting.
    fn authenticate_now(&self, parts: &mut Parts) -> Step {
        let intake = self.verifier.http().requests();
        let presented = match present(parts, &self.verifier, intake) {
            Ok(Some(presented)) => presented,
            Ok(None) => return Step::Done(Ok(None)),
            Err(rejection) => return Step::Done(Err(rejection)),
        };
        match authorize_now::<Authenticated>(&self.verifier, &intake.rejections, presented) {
            Progress::Done(Ok(token)) => {
                remember(parts, &self.verifier, &token);
                match self.verifier.caller_now(&token) {
                    Some(caller) => Step::Done(Ok(Some(caller))),
                    None => Step::Pending(Pending::Verified(token)),
                }
            }
            Progress::Done(Err(rejection)) => Step::Done(Err(rejection)),
            Progress::Pending(pending) => Step::Pending(pending),
        }
    }

    async fn finish(&self, parts: &mut Parts, pending: Pending) -> Verdict {
        let rejections = &self.verifier.http().requests().rejections;
        let token = pending.finish::<Authenticated>(&self.verifier, rejections).await?;
        remember(parts, &self.verifier, &token);
        caller(token, &self.verifier, rejections).await.map(Some)
    }

    /// Leaves the caller in the request, or gives the answer to a request that may not pass.
    fn conclude<B: 'static>(&self, parts: &mut Parts, body: &B, verdict: Verdict) -> Passage {
        let rejection = match verdict {
            Ok(Some(caller)) => {
                parts.extensions.insert(Principal::of(caller));
                return Passage::Through(Passenger::Known);
            }
            Ok(None) if self.exceptions.cover(parts) || self.preflights.hand_on(parts, body) => {
                return Passage::Through(Passenger::Unauthenticated);
            }
            Ok(None) => self.verifier.http().requests().rejections.missing_token(),
            Err(rejection) => rejection,
        };
        let refusal = rejection.into_response();
        Passage::Refused(if is_grpc(parts) { in_terms_of_grpc(refusal) } else { refusal })
    }
}

impl Passenger {
    /// Returns the change of the answer.
    fn finish<B>(self) -> fn(Response<B>) -> Response<Body>
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        match self {
            Self::Known => |response| keep_private(erase(response)),
            Self::Unauthenticated => erase,
        }
    }
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
        let pending = match self.gate.authenticate_now(&mut parts) {
            Step::Done(verdict) => {
                return match self.gate.conclude(&mut parts, &body, verdict) {
                    Passage::Through(passenger) => {
                        Either::Left(self.inner.call(Request::from_parts(parts, body)).map_ok(passenger.finish()))
                    }
                    Passage::Refused(refusal) => Either::Right(Either::Left(ready(Ok(refusal)))),
                };
            }
            Step::Pending(pending) => pending,
        };
        // Call the service that was polled ready, and keep the clone.
        let other = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, other);
        let gate = self.gate.clone();
        Either::Right(Either::Right(Box::pin(async move {
            let verdict = gate.finish(&mut parts, pending).await;
            match gate.conclude(&mut parts, &body, verdict) {
                Passage::Through(passenger) => {
                    inner.call(Request::from_parts(parts, body)).await.map(passenger.finish())
                }
                Passage::Refused(refusal) => Ok(refusal),
            }
        })))
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
