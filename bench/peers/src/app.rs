//! A contender's router, to be called in process or served.

use axum::body::Bytes;
use axum::http::{HeaderValue, StatusCode, header};
use std::io;
use tokio::net::TcpListener;
use tower::ServiceExt;

/// The maximum length of a body, which no body reaches.
const BODY: usize = 64 * 1024;

/// A router with an open and a protected route, of the axum version that its contender supports.
#[derive(Clone, Debug)]
pub enum App {
    /// A router of axum 0.8.
    Axum08(axum::Router),
    /// A router of axum 0.7, for jwt-authorizer.
    Axum07(axum07::Router),
}

impl App {
    /// Sends a request through the router, as a server does, and waits for the whole response.
    ///
    /// # Panics
    ///
    /// If the body is incomplete.
    pub async fn call(&self, path: &str, authorization: Option<&HeaderValue>) -> (StatusCode, Bytes) {
        match self {
            Self::Axum08(router) => {
                let mut request = axum::extract::Request::new(axum::body::Body::empty());
                *request.uri_mut() = path.parse().expect("a good path");
                request.headers_mut().extend(authorization.map(|value| (header::AUTHORIZATION, value.clone())));
                let Ok(answer) = router.clone().oneshot(request).await;
                (answer.status(), axum::body::to_bytes(answer.into_body(), BODY).await.expect("a whole body"))
            }
            Self::Axum07(router) => {
                let mut request = axum07::extract::Request::new(axum07::body::Body::empty());
                *request.uri_mut() = path.parse().expect("a good path");
                request.headers_mut().extend(authorization.map(|value| (header::AUTHORIZATION, value.clone())));
                let Ok(answer) = router.clone().oneshot(request).await;
                (answer.status(), axum07::body::to_bytes(answer.into_body(), BODY).await.expect("a whole body"))
            }
        }
    }

    /// Serves it until the process ends.
    ///
    /// # Errors
    ///
    /// If the listener fails.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        match self {
            Self::Axum08(router) => axum::serve(listener, router).await,
            Self::Axum07(router) => axum07::serve(listener, router).await,
        }
    }
}
