//! The tower layer of a guard on a route or router: it answers, or calls the route.

use crate::authorize::{Pending, Progress, authorize_now, present, remember};
use crate::cache_control::keep_private;
use crate::layer::preflight::Preflights;
use crate::rejection::data::Rejection;
use crate::rejection::kind::RejectionKind;
use crate::verifier::Verifier;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use countersign_core::{Requirement, VerifiedToken};
use futures_util::TryFutureExt as _;
use futures_util::future::{BoxFuture, Either, MapOk, Ready, ready};
use http::request::Parts;
use std::convert::identity;
use std::marker::PhantomData;
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// The requirement of one route or router.
pub(crate) struct GuardLayer<R>(Rule<R>);

struct Rule<R> {
    verifier: Verifier,
    preflights: Preflights,
    requirement: PhantomData<fn() -> R>,
}

impl<R: Requirement> GuardLayer<R> {
    pub(crate) fn of(verifier: &Verifier) -> Self {
        let preflights = Preflights::of(verifier);
        Self(Rule { verifier: verifier.clone(), preflights, requirement: PhantomData })
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

impl<R: Requirement> Rule<R> {
    /// Authorizes a request as far as that is possible without waiting.
    fn authorize_now(&self, parts: &Parts) -> Progress {
        let intake = self.verifier.http().requests();
        match present(parts, &self.verifier, intake) {
            Ok(Some(presented)) => authorize_now::<R>(&self.verifier, &intake.rejections, presented),
            Ok(None) => Progress::Done(Err(intake.rejections.missing_token())),
            Err(rejection) => Progress::Done(Err(rejection)),
        }
    }

    async fn finish(&self, pending: Pending) -> Result<VerifiedToken, Rejection> {
        pending.finish::<R>(&self.verifier, &self.verifier.http().requests().rejections).await
    }

    /// True for a preflight request, which has no token and goes on.
    fn hands_on(&self, parts: &Parts, body: &Body, rejection: &Rejection) -> bool {
        matches!(rejection.kind(), RejectionKind::MissingToken) && self.preflights.hand_on(parts, body)
    }
}

impl<R> Clone for GuardLayer<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<R> Clone for Rule<R> {
    fn clone(&self) -> Self {
        Self { verifier: self.verifier.clone(), preflights: self.preflights.clone(), requirement: PhantomData }
    }
}

impl<S, R> Layer<S> for GuardLayer<R> {
    type Service = GuardService<S, R>;

    fn layer(&self, inner: S) -> GuardService<S, R> {
        GuardService { rule: self.0.clone(), inner }
    }
}

pub(crate) struct GuardService<S, R> {
    rule: Rule<R>,
    inner: S,
}

impl<S: Clone, R> Clone for GuardService<S, R> {
    fn clone(&self) -> Self {
        Self { rule: self.rule.clone(), inner: self.inner.clone() }
    }
}

impl<S, R> Service<Request> for GuardService<S, R>
where
    S: Service<Request, Response = Response> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    R: Requirement,
{
    type Response = Response;
    type Error = S::Error;
    /// Calls on, answers, or waits for a key or entitlements: only the last is boxed.
    type Future = Either<
        MapOk<S::Future, fn(Response) -> Response>,
        Either<Ready<Result<Response, S::Error>>, BoxFuture<'static, Result<Response, S::Error>>>,
    >;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        let pending = match self.rule.authorize_now(&parts) {
            Progress::Done(verdict) => {
                let finish: fn(Response) -> Response = match verdict {
                    Ok(token) => {
                        remember(&mut parts, &self.rule.verifier, &token);
                        keep_private
                    }
                    Err(rejection) if self.rule.hands_on(&parts, &body, &rejection) => identity,
                    Err(rejection) => return Either::Right(Either::Left(ready(Ok(rejection.into_response())))),
                };
                return Either::Left(self.inner.call(Request::from_parts(parts, body)).map_ok(finish));
            }
            Progress::Pending(pending) => pending,
        };
        // Call the service that was polled ready, and keep the clone.
        let other = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, other);
        let rule = self.rule.clone();
        Either::Right(Either::Right(Box::pin(async move {
            match rule.finish(pending).await {
                Ok(token) => {
                    remember(&mut parts, &rule.verifier, &token);
                    inner.call(Request::from_parts(parts, body)).await.map(keep_private)
                }
                Err(rejection) => Ok(rejection.into_response()),
            }
        })))
    }
}
