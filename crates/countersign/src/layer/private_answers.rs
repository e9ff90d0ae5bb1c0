//! Private answers of a guarded router: what an extractor, which cannot reach the answer, leaves to a layer.

use crate::access::Access;
use crate::cache_control::keep_private;
use crate::openapi::matrix::MatrixRow;
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
    /// For the operations of one path.
    pub(crate) fn of<'a>(rows: impl IntoIterator<Item = &'a MatrixRow, IntoIter: Clone>) -> Self {
        let rows = rows.into_iter();
        let looks_at_none = |row: &&MatrixRow| matches!(row.access, Access::Undecided | Access::Public);
        let shared = rows.clone().filter(looks_at_none).filter_map(|row| row.method.parse().ok()).collect();
        Self { shared, is_needed: !{ rows }.all(|row| looks_at_none(&row)) }
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
