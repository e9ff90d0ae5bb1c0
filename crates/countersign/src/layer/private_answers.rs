//! Private answers of a guarded router: what an extractor, which cannot reach the answer, leaves to a layer.

use crate::access::Access;
use crate::cache_control::keep_private;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::MethodRouter;
use futures_util::TryFutureExt as _;
use futures_util::future::MapOk;
use http::Method;
use std::convert::identity;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// Keeps the answers of operations private that look at a token: an extractor cannot reach the answer.
#[derive(Clone, Debug)]
pub(crate) struct PrivateAnswers {
    /// The methods of operations that look at none.
    shared: Arc<[Method]>,
    is_needed: bool,
}

impl PrivateAnswers {
    /// Creates the layer for the operations of one path: the method of each, its access, and whether its handler reads
    /// a token. A public handler may read one, too (`Result<CurrentUser, _>`).
    pub(crate) fn of<'a>(operations: impl IntoIterator<Item = (&'a str, &'a Access, bool)>) -> Self {
        let mut shared = Vec::new();
        let mut is_needed = false;
        for (method, access, reads_token) in operations {
            if reads_token || !matches!(access, Access::Undecided | Access::Public) {
                is_needed = true;
            } else {
                shared.extend(method.parse::<Method>());
            }
        }
        Self { shared: shared.into(), is_needed }
    }

    /// Lays itself around the operations, where one of them needs it.
    pub(crate) fn lay<S: Clone + 'static>(self, methods: MethodRouter<S>) -> MethodRouter<S> {
        if self.is_needed { methods.layer(self) } else { methods }
    }

    fn is_private(&self, method: &Method) -> bool {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        !self.shared.contains(method)
    }
}

impl<I> Layer<I> for PrivateAnswers {
    type Service = PrivateAnswersService<I>;

    fn layer(&self, inner: I) -> Self::Service {
        PrivateAnswersService { answers: self.clone(), inner }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct PrivateAnswersService<I> {
    answers: PrivateAnswers,
    inner: I,
}

impl<I: Service<Request, Response = Response>> Service<Request> for PrivateAnswersService<I> {
    type Response = Response;
    type Error = I::Error;
    type Future = MapOk<I::Future, fn(Response) -> Response>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), I::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let finish: fn(Response) -> Response =
            if self.answers.is_private(request.method()) { keep_private } else { identity };
        self.inner.call(request).map_ok(finish)
    }
}
