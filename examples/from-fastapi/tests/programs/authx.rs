use crate::api::Api;
use axum::http::HeaderValue;
use countersign::Verifier;
use countersign::providers::Oidc;
use countersign_testing::{TestIssuer, TestToken};
use futures_util::StreamExt;
use reqwest::Method;
use std::time::Duration;
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

const PAGE: &str = "https://app.example.com";

struct World {
    staff: TestIssuer,
    partner: TestIssuer,
    api: Api,
}

impl World {
    async fn start() -> Self {
        let (staff, partner) = (TestIssuer::start().await.unwrap(), TestIssuer::start().await.unwrap());
        let verifier = from_fastapi::authx::verifier(staff.url(), partner.url(), &partner.jwks()).await.unwrap();
        let api = Api::serve(from_fastapi::authx::app(verifier, HeaderValue::from_static(PAGE))).await;
        Self { staff, partner, api }
    }

    fn token(&self) -> TestToken {
        self.staff.token("alice").audience("api")
    }

    /// The first message of a socket, or the status of the rejection, or the close code.
    async fn listen(&self, path: &str, token: &str) -> Result<String, u16> {
        let mut request = format!("ws://{}{path}", self.api.address).into_client_request().unwrap();
        if !token.is_empty() {
            request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        let mut socket = match timeout(Duration::from_secs(60), connect_async(request)).await.unwrap() {
            Ok((socket, _)) => socket,
            Err(Error::Http(refusal)) => return Err(refusal.status().as_u16()),
            Err(error) => panic!("{error}"),
        };
        let first = timeout(Duration::from_secs(60), socket.next()).await.unwrap().unwrap().unwrap();
        let _ = socket.close(None).await;
        match first {
            Message::Text(text) => Ok(text.to_string()),
            Message::Close(Some(close)) => Err(close.code.into()),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn each_provider_has_its_own_keys_and_a_name() {
    let world = World::start().await;
    let partners = world.partner.token("bob").audience("api");
    world
        .api
        .assert_all(&[
            ("/whoami", &world.token().mint(), 200, "alice by staff"),
            ("/whoami", &partners.clone().mint(), 200, "bob by partner"),
            ("/whoami", &partners.claim("iss", world.staff.url()).mint(), 401, ""),
            ("/whoami", &world.token().audience("another").mint(), 401, ""),
            ("/whoami", &world.token().without("aud").mint(), 401, ""),
            ("/whoami", &world.token().without("exp").mint(), 401, ""),
        ])
        .await;
    assert_eq!(world.partner.requests().keys, 0, "its keys are in the configuration");
}

#[tokio::test]
async fn every_path_needs_a_token_but_the_public_ones() {
    let world = World::start().await;
    let good = world.token().mint();
    world
        .api
        .assert_all(&[
            ("/whoami", "", 401, ""),
            ("/nowhere", "", 401, ""),
            ("/nowhere", &good, 404, ""),
            ("/open", "", 200, "nobody"),
            ("/open", &good, 200, "alice"),
            ("/open", "nonsense", 401, ""),
        ])
        .await;
    let refusal = world.api.send(Method::GET, "/whoami", "").await;
    assert_eq!(refusal.headers()["www-authenticate"], r#"Bearer realm="api""#);
    let malformed = world.api.send(Method::GET, "/whoami", "two words").await;
    assert_eq!(malformed.status().as_u16(), 400);
}

/// Many programs of authx send ID tokens only, so there is no access token for the comparison of `at_hash`.
#[tokio::test]
async fn an_at_hash_is_not_compared() {
    let issuer = TestIssuer::start().await.unwrap();
    let provider = Oidc::issuer(issuer.url()).client_id("spa").id_tokens();
    let verifier = Verifier::builder().issuer(provider).build().await.unwrap();
    let api = Api::serve(from_fastapi::authx::app(verifier, HeaderValue::from_static(PAGE))).await;
    let id_token = issuer.token("alice").header("typ", "JWT").audience("spa").claim("at_hash", "of no token at all");
    assert_eq!(api.get("/open", &id_token.mint()).await, (200, "alice".to_owned()));
}

#[tokio::test]
async fn a_socket_is_refused_before_the_upgrade_or_closed_with_1008() {
    let world = World::start().await;
    let good = world.token().mint();
    for path in ["/ws", "/browser/ws"] {
        assert_eq!(world.listen(path, &good).await, Ok("Hello, alice".to_owned()), "{path}");
    }
    for token in ["", "nonsense"] {
        assert_eq!(world.listen("/ws", token).await, Err(401), "{token:?}");
        assert_eq!(world.listen("/browser/ws", token).await, Err(1008), "{token:?}");
    }
}

#[tokio::test]
async fn a_page_of_another_origin_may_ask_and_read_why_not() {
    let world = World::start().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}/whoami", world.api.address);
    let preflight = client.request(Method::OPTIONS, &url).header("origin", PAGE);
    let preflight = preflight.header("access-control-request-method", "GET");
    let preflight = preflight.header("access-control-request-headers", "authorization").send().await.unwrap();
    assert_eq!(preflight.status().as_u16(), 200);
    assert_eq!(preflight.headers()["access-control-allow-origin"], PAGE);
    assert_eq!(preflight.headers()["access-control-allow-headers"], "authorization");
    let refusal = client.get(&url).header("origin", PAGE).send().await.unwrap();
    assert_eq!(
        (refusal.status().as_u16(), &refusal.headers()["access-control-allow-origin"]),
        (401, &PAGE.parse().unwrap())
    );
    assert!(refusal.headers()["access-control-expose-headers"].to_str().unwrap().contains("www-authenticate"));
}
