//! The layer that a guard on a route or router is: it answers, or calls on.

use crate::authentication::{authenticate, authenticate_now};
use crate::rejection::{CurrentUserRejection, RequireRejection};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use countersign_core::{Expr, Principal, Requirement, VerifiedToken, Verifier};
use futures_util::future::{BoxFuture, Either, Ready, ready};
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// A requirement of one route or router.
#[derive(Clone)]
pub(crate) struct GuardLayer(Rule);

#[derive(Clone)]
struct Rule {
    verifier: Verifier,
    check: fn(&Principal) -> bool,
    describe: fn() -> Expr,
}

impl GuardLayer {
    pub(crate) fn of<R: Requirement>(verifier: &Verifier) -> Self {
        Self(Rule { verifier: verifier.clone(), check: R::check, describe: R::describe })
    }
}

impl Rule {
    /// The answer to a caller who may not pass.
    fn refusal(&self, verdict: Result<Option<VerifiedToken>, CurrentUserRejection>) -> Option<Response> {
        match verdict {
            Err(rejection) => Some(rejection.into_response()),
            Ok(None) => Some(CurrentUserRejection::missing(&self.verifier).into_response()),
            Ok(Some(token)) if (self.check)(token.principal()) => None,
            Ok(Some(_)) => Some(RequireRejection::insufficient(&self.verifier, (self.describe)()).into_response()),
        }
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
    /// Called on, answered, or, for a key that is not known yet, waiting: only that is boxed.
    type Future =
        Either<S::Future, Either<Ready<Result<Response, S::Error>>, BoxFuture<'static, Result<Response, S::Error>>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        if let Some(verdict) = authenticate_now(&mut parts, &self.rule.verifier) {
            return match self.rule.refusal(verdict) {
                None => Either::Left(self.inner.call(Request::from_parts(parts, body))),
                Some(answer) => Either::Right(Either::Left(ready(Ok(answer)))),
            };
        }
        // The service that was polled ready is the one to call.
        let other = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, other);
        let rule = self.rule.clone();
        Either::Right(Either::Right(Box::pin(async move {
            let verdict = authenticate(&mut parts, &rule.verifier).await;
            match rule.refusal(verdict) {
                None => inner.call(Request::from_parts(parts, body)).await,
                Some(answer) => Ok(answer),
            }
        })))
    }
}
