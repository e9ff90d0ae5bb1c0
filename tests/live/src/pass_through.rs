//! A proxy that counts key fetches, for providers that do not count them.

use crate::Result;
use crate::resource_server::http_client;
use axum::Router;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::routing::get;
use reqwest::Client;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

/// Passes `GET` requests on until it is dropped.
pub(crate) struct PassThrough {
    base: String,
    route: Arc<Route>,
    task: AbortHandle,
}

struct Route {
    target: String,
    http: Client,
    key_fetches: AtomicU64,
}

impl PassThrough {
    /// Creates a proxy for the server at this base URL, which may start later.
    pub(crate) async fn start(target: &str) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let base = format!("http://{}", listener.local_addr()?);
        let route = Arc::new(Route { target: target.to_owned(), http: http_client()?, key_fetches: AtomicU64::new(0) });
        let app = Router::new().route("/{*path}", get(pass)).with_state(Arc::clone(&route));
        let task = tokio::spawn(async move { axum::serve(listener, app).await }).abort_handle();
        Ok(PassThrough { base, route, task })
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn key_fetches(&self) -> u64 {
        self.route.key_fetches.load(Ordering::Relaxed)
    }
}

impl Drop for PassThrough {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Answer = (StatusCode, HeaderMap, Vec<u8>);

async fn pass(State(route): State<Arc<Route>>, uri: Uri) -> std::result::Result<Answer, (StatusCode, String)> {
    if uri.path().ends_with("/jwks") {
        route.key_fetches.fetch_add(1, Ordering::Relaxed);
    }
    route.ask(&uri).await.map_err(|error| (StatusCode::BAD_GATEWAY, error.to_string()))
}

impl Route {
    async fn ask(&self, uri: &Uri) -> Result<Answer> {
        let response = self.http.get(format!("{}{uri}", self.target)).send().await?;
        let status = response.status();
        let kept = [CONTENT_TYPE, CACHE_CONTROL].into_iter();
        let headers = kept.filter_map(|name| Some((name.clone(), response.headers().get(name)?.clone()))).collect();
        Ok((status, headers, response.bytes().await?.into()))
    }
}
