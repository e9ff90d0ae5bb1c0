//! The settings of an issuer before it starts.

use crate::issuer_handle::IssuerHandle;
use crate::issuer_server;
use crate::issuer_state::IssuerState;
use crate::test_issuer::TestIssuer;
use axum::Router;
use countersign_core::Algorithm;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;

/// A builder of a [`TestIssuer`]: its address, its algorithms, and additional routes.
///
/// # Example
///
/// An issuer with a UserInfo endpoint, announced in its discovery document:
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use axum::Json;
/// use axum::routing::get;
/// use countersign_testing::TestIssuer;
/// use serde_json::json;
///
/// let issuer = TestIssuer::builder()
///     .bind(([127, 0, 0, 1], 0))
///     .start_with_router(|issuer, router| {
///         issuer.set_metadata("userinfo_endpoint", format!("{}/userinfo", issuer.url()));
///         router.route("/userinfo", get(async || Json(json!({ "sub": "alice" }))))
///     })
///     .await?;
/// println!("{}/userinfo", issuer.url());
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder starts nothing: call `.start()`"]
pub struct TestIssuerBuilder {
    algorithms: Vec<Algorithm>,
    address: SocketAddr,
}

impl TestIssuer {
    /// Builds an issuer. Unless set, it listens on a free port of 127.0.0.1 and has keys for RS256, ES256 and EdDSA.
    pub fn builder() -> TestIssuerBuilder {
        TestIssuerBuilder {
            algorithms: vec![Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA],
            address: (Ipv4Addr::LOCALHOST, 0).into(),
        }
    }
}

impl TestIssuerBuilder {
    /// Replaces the algorithms. The issuer has one key for each.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = algorithms.into_iter().collect();
        self
    }

    /// Sets the address to listen on. It must be on loopback; port 0 is any free port.
    pub fn bind(mut self, address: impl Into<SocketAddr>) -> Self {
        self.address = address.into();
        self
    }

    /// Generates the keys, and starts the issuer on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// An error if the address is in use or not on loopback.
    pub async fn start(self) -> io::Result<TestIssuer> {
        self.start_with_router(|_, router| router).await
    }

    /// Starts the issuer with another router. The function gets a handle and the issuer's own router, which serves
    /// `/.well-known/openid-configuration` and `/jwks`. It returns the router to serve, with routes or layers added.
    ///
    /// # Errors
    ///
    /// An error if the address is in use or not on loopback.
    ///
    /// # Panics
    ///
    /// Panics if the function adds a route that the router has already, as [`Router::route`] does.
    pub async fn start_with_router(
        self,
        extend: impl FnOnce(IssuerHandle, Router) -> Router,
    ) -> io::Result<TestIssuer> {
        // Additional routes may give tokens of any subject to every caller.
        if !self.address.ip().is_loopback() {
            let problem = format!("{} is not on loopback: bind the issuer to 127.0.0.1 or ::1", self.address);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
        }
        let listener = TcpListener::bind(self.address).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let state = Arc::new(IssuerState::new(url, self.algorithms));
        let handle = IssuerHandle::new(Arc::clone(&state));
        let router = extend(handle.clone(), issuer_server::router(Arc::clone(&state)));
        let server = tokio::spawn(issuer_server::serve(state, listener, router)).abort_handle();
        Ok(TestIssuer::new(handle, server))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_beyond_loopback_is_refused() {
        for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
            let error = TestIssuer::builder().bind(address.parse::<SocketAddr>().unwrap()).start().await.unwrap_err();
            assert!(error.to_string().contains("loopback"), "{address}: {error}");
        }
    }

    #[tokio::test]
    async fn routes_and_metadata_are_served_with_the_issuers_own() {
        let issuer = TestIssuer::builder()
            .algorithms([Algorithm::EdDSA])
            .start_with_router(|issuer, router| {
                issuer.set_metadata("userinfo_endpoint", format!("{}/userinfo", issuer.url()));
                router.route("/userinfo", axum::routing::get(async move || issuer.key_ids().join(" ")))
            })
            .await
            .unwrap();
        let get = async |path: &str| {
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            client.get(format!("{}{path}", issuer.url())).send().await.unwrap().text().await.unwrap()
        };
        assert_eq!(get("/userinfo").await, "EdDSA-0");
        let document: serde_json::Value =
            serde_json::from_str(&get("/.well-known/openid-configuration").await).unwrap();
        assert_eq!(document["userinfo_endpoint"], format!("{}/userinfo", issuer.url()));
        assert_eq!(document["issuer"], issuer.url());
    }
}
