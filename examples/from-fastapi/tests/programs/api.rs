//! A program served on loopback.

use axum::Router;
use reqwest::{Client, Method, Response};
use tokio::net::TcpListener;

pub(crate) struct Api {
    pub(crate) address: String,
    client: Client,
}

impl Api {
    pub(crate) async fn serve(app: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, client: Client::builder().no_proxy().build().unwrap() }
    }

    /// Sends a request and gives the whole response. An empty token sends no credentials.
    pub(crate) async fn send(&self, method: Method, path: &str, token: &str) -> Response {
        let request = self.client.request(method, format!("http://{}{path}", self.address));
        let request = if token.is_empty() { request } else { request.bearer_auth(token) };
        request.send().await.unwrap()
    }

    /// The status, and the body unless it is a rejection's.
    pub(crate) async fn get(&self, path: &str, token: &str) -> (u16, String) {
        let answer = self.send(Method::GET, path, token).await;
        let status = answer.status().as_u16();
        let body = answer.text().await.unwrap();
        (status, if status == 200 { body } else { String::new() })
    }

    /// Requests each path in turn, with its token, and compares status and body.
    pub(crate) async fn assert_all(&self, cases: &[(&str, &str, u16, &str)]) {
        for (path, token, status, body) in cases {
            assert_eq!(self.get(path, token).await, (*status, (*body).to_owned()), "{path}");
        }
    }
}
