//! The layer that a guard on a route or router is: it answers, or calls on.

use crate::extract::authentication::{granted, require_token, require_token_now};
use crate::http_settings::Http;
use crate::layer::cache_control::keep_private;
use crate::layer::preflight::Preflights;
use crate::rejection::{CurrentUserRejection, RequireRejection};
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use countersign_core::{Expr, Principal, Requirement, VerifiedToken, Verifier};
use futures_util::TryFutureExt as _;
use futures_util::future::{BoxFuture, Either, MapOk, Ready, ready};
use http::request::Parts;
use std::convert::identity;
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// A requirement of one route or router.
#[derive(Clone)]
pub(crate) struct GuardLayer(Rule);

#[derive(Clone)]
struct Rule {
    verifier: Verifier,
    permits_now: fn(&Verifier, &VerifiedToken) -> Option<bool>,
    check: fn(&Principal) -> bool,
    describe: fn() -> Expr,
    preflights: Preflights,
}

impl GuardLayer {
    pub(crate) fn of<R: Requirement>(verifier: &Verifier) -> Self {
        Self(Rule {
            verifier: verifier.clone(),
            permits_now: Verifier::permits_now::<R>,
            check: R::check,
            describe: R::describe,
            preflights: Http::preflights(verifier),
        })
    }

    /// Hands on the preflight requests at some routes, unless all of them are handed on already.
    #[cfg(feature = "utoipa")]
    pub(crate) fn handing_on(mut self, preflights: Preflights) -> Self {
        if !self.0.preflights.are_all() {
            self.0.preflights = preflights;
        }
        self
    }
}

impl Rule {
    /// Whether the caller may pass; `None` when the verdict must wait, for a key or for grants.
    fn judge_now(&self, parts: &mut Parts) -> Option<Result<(), RequireRejection>> {
        Some(match require_token_now(parts, &self.verifier)? {
            Ok(token) => self.conclude((self.permits_now)(&self.verifier, &token)?),
            Err(rejection) => Err(rejection.into()),
        })
    }

    async fn judge(&self, parts: &mut Parts) -> Result<(), RequireRejection> {
        let token = require_token(parts, &self.verifier).await?;
        let permitted = match (self.permits_now)(&self.verifier, &token) {
            Some(permitted) => permitted,
            None => (self.check)(granted(token, &self.verifier).await?.principal()),
        };
        self.conclude(permitted)
    }

    /// The answer to a request that may not pass; `None` for a preflight request that is handed on.
    fn refusal(&self, parts: &Parts, body: &Body, rejection: RequireRejection) -> Option<Response> {
        match rejection {
            RequireRejection::Unauthenticated(CurrentUserRejection::MissingToken(_))
                if self.preflights.hand_on(parts, body) =>
            {
                None
            }
            rejection => Some(rejection.into_response()),
        }
    }

    fn conclude(&self, permitted: bool) -> Result<(), RequireRejection> {
        if permitted {
            return Ok(());
        }
        Err(RequireRejection::insufficient(&self.verifier, (self.describe)()))
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = GuardService<S>;

    fn layer(&self, inner: S) -> GuardService<S> {
        GuardService { rule: self.0.clone(), inner }
    }
}

#[derive(Clone)]
pub(crate) struct GuardService<S> {
    rule: Rule,
    inner: S,
}

impl<S> Service<Request> for GuardService<S>
where
    S: Service<Request, Response = Response> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
{
    type Response = Response;
    type Error = S::Error;
    /// Called on, answered, or, for a key or grants that are not known yet, waiting: only that is boxed.
    type Future = Either<
        MapOk<S::Future, fn(Response) -> Response>,
        Either<Ready<Result<Response, S::Error>>, BoxFuture<'static, Result<Response, S::Error>>>,
    >;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        if let Some(verdict) = self.rule.judge_now(&mut parts) {
            let finish: fn(Response) -> Response = match verdict {
                Ok(()) => keep_private,
                Err(rejection) => match self.rule.refusal(&parts, &body, rejection) {
                    None => identity,
                    Some(refusal) => return Either::Right(Either::Left(ready(Ok(refusal)))),
                },
            };
            return Either::Left(self.inner.call(Request::from_parts(parts, body)).map_ok(finish));
        }
        // The service that was polled ready is the one to call.
        let other = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, other);
        let rule = self.rule.clone();
        Either::Right(Either::Right(Box::pin(async move {
            match rule.judge(&mut parts).await {
                Ok(()) => inner.call(Request::from_parts(parts, body)).await.map(keep_private),
                // A request without a token does not wait.
                Err(rejection) => Ok(rejection.into_response()),
            }
        })))
    }
}
