//! Tests of both programs with the same tokens. Each shows a mistake of the usual program that Countersign does not make.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use countersign::Verifier;
use countersign::keys::Algorithm;
use countersign_testing::{SigningKey, TestIssuer, TestToken};
use from_jsonwebtoken::{after, before};
use jsonwebtoken::jwk::JwkSet;
use serde_json::json;
use std::sync::Arc;
use tower::ServiceExt;

const API: &str = "https://api.example";

/// An issuer and both programs, which trust it.
struct World {
    issuer: TestIssuer,
    before: Router,
    after: Router,
}

impl World {
    async fn start() -> Self {
        let issuer = TestIssuer::start().await.unwrap();
        let keys: JwkSet = serde_json::from_str(&issuer.jwks()).unwrap();
        let before = usual(&keys, issuer.url());
        let after = after::app(issuer.url(), API).await.unwrap();
        Self { issuer, before, after }
    }

    fn token(&self) -> TestToken {
        self.issuer.token("alice").audience(API)
    }

    /// Sends the token to both programs and compares the statuses.
    #[track_caller]
    fn expect(&self, path: &str, token: &str, before: u16, after: u16) -> impl Future<Output = ()> {
        let line = std::panic::Location::caller().line();
        let answers = (status(&self.before, path, token), status(&self.after, path, token));
        async move { assert_eq!((answers.0.await, answers.1.await), (before, after), "line {line}") }
    }
}

fn usual(keys: &JwkSet, issuer: &str) -> Router {
    let settings =
        before::Settings { keys: Arc::new(keys.clone()), issuer: issuer.to_owned(), audience: API.to_owned() };
    before::app(settings)
}

fn request(path: &str, token: &str) -> Request<Body> {
    Request::builder().uri(path).header(AUTHORIZATION, format!("Bearer {token}")).body(Body::empty()).unwrap()
}

fn status(app: &Router, path: &str, token: &str) -> impl Future<Output = u16> + use<> {
    let answer = app.clone().oneshot(request(path, token));
    async move { answer.await.unwrap().status().as_u16() }
}

async fn body(app: &Router, path: &str, token: &str) -> String {
    let answer = app.clone().oneshot(request(path, token)).await.unwrap();
    String::from_utf8(to_bytes(answer.into_body(), 1024).await.unwrap().into()).unwrap()
}

#[tokio::test]
async fn both_programs_take_a_good_token() {
    let world = World::start().await;
    let token = world.token().scopes(["reports:read"]).mint();
    world.expect("/me", &token, 200, 200).await;
    world.expect("/reports", &token, 200, 200).await;
    for app in [&world.before, &world.after] {
        assert_eq!(body(app, "/me", &token).await, r#"{"sub":"alice","scope":"reports:read"}"#);
    }
    world.expect("/reports", &world.token().scopes(["other"]).mint(), 403, 403).await;
}

#[tokio::test]
async fn the_key_says_its_algorithm_and_not_the_token() {
    let key = SigningKey::generate(Algorithm::RS512, "k");
    let mut jwk = key.jwk();
    jwk["alg"] = json!("RS256");
    let keys: JwkSet = serde_json::from_value(json!({ "keys": [jwk] })).unwrap();
    let claims = json!({ "iss": "https://idp.example", "aud": API, "sub": "alice", "exp": 4_000_000_000_u64 });
    let token = key.sign(r#"{"alg":"RS512","kid":"k"}"#, claims.to_string());
    assert_eq!(status(&usual(&keys, "https://idp.example"), "/me", &token).await, 200);
    let issuer = after::provider("https://idp.example", API, &keys, jsonwebtoken::Algorithm::RS256).unwrap();
    let verifier = Verifier::builder().issuer(issuer).build().await.unwrap();
    assert!(verifier.verify(&token).await.is_err());
}

#[tokio::test]
async fn the_key_is_found_by_its_name() {
    let world = World::start().await;
    let [.., last] = &world.issuer.keys()[..] else { panic!("no key") };
    assert!(world.issuer.keys().len() > 1);
    let token = world.token().algorithm(last.algorithm()).mint();
    world.expect("/me", &token, 400, 200).await;
}

#[tokio::test]
async fn new_keys_are_fetched() {
    let world = World::start().await;
    world.expect("/me", &world.token().mint(), 200, 200).await;
    world.issuer.rotate();
    world.expect("/me", &world.token().mint(), 400, 200).await;
}

#[tokio::test]
async fn a_token_names_its_issuer_and_its_audience() {
    let world = World::start().await;
    for claim in ["iss", "aud"] {
        world.expect("/me", &world.token().without(claim).mint(), 200, 401).await;
        world.expect("/me", &world.token().claim(claim, "https://other.example").mint(), 400, 401).await;
    }
}

#[tokio::test]
async fn a_bad_token_is_answered_with_401_and_a_challenge() {
    let world = World::start().await;
    let token = world.token().expired_for(std::time::Duration::from_secs(3600)).mint();
    world.expect("/me", &token, 400, 401).await;
    let challenge = async |app: &Router| {
        let answer = app.clone().oneshot(request("/me", &token)).await.unwrap();
        answer.headers().get(WWW_AUTHENTICATE).map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(challenge(&world.before).await, None);
    assert!(challenge(&world.after).await.unwrap().contains(r#"error="invalid_token""#));
}

#[tokio::test]
async fn a_missing_claim_is_not_an_empty_one() {
    let world = World::start().await;
    let token = world.token().without("sub").mint();
    world.expect("/me", &token, 200, 401).await;
    assert_eq!(body(&world.before, "/me", &token).await, r#"{"sub":"","scope":""}"#);
}

#[tokio::test]
async fn a_scope_is_a_whole_name() {
    let world = World::start().await;
    world.expect("/reports", &world.token().scopes(["reports:read-none"]).mint(), 200, 403).await;
}

#[tokio::test]
async fn keys_and_algorithms_of_jsonwebtoken_are_taken() {
    let issuer = TestIssuer::start().await.unwrap();
    let keys: JwkSet = serde_json::from_str(&issuer.jwks()).unwrap();
    let provider = |algorithm| after::provider(issuer.url(), API, &keys, algorithm);
    let verifier = Verifier::builder().issuer(provider(jsonwebtoken::Algorithm::RS256).unwrap()).build().await.unwrap();
    let token = issuer.token("alice").audience(API).algorithm(Algorithm::RS256).mint();
    assert!(verifier.verify(&token).await.is_ok());
    let error = provider(jsonwebtoken::Algorithm::HS256).unwrap_err();
    assert!(error.to_string().contains("let the issuer sign with RS256, ES256 or EdDSA"), "{error}");
}
