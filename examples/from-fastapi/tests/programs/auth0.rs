use crate::api::Api;
use countersign::Verifier;
use countersign::providers::Auth0;
use countersign_testing::{TestIssuer, TestToken};
use serde_json::Value;

const AUDIENCE: &str = "https://api.acme.example";
const DOMAIN: &str = "acme.eu.auth0.com";

async fn start() -> (TestIssuer, Api) {
    let issuer = TestIssuer::start().await.unwrap();
    let tenant = Auth0::domain(DOMAIN).audience(AUDIENCE).jwks_url(format!("{}/jwks", issuer.url()));
    let verifier = Verifier::builder().issuer(tenant).build().await.unwrap();
    let api = Api::serve(from_fastapi::cloudauth::auth0::app(verifier).unwrap()).await;
    (issuer, api)
}

fn token(issuer: &TestIssuer) -> TestToken {
    let token = issuer.token("auth0|1").header("typ", "JWT").without("client_id").audience(AUDIENCE);
    token.claim("iss", format!("https://{DOMAIN}/")).claim("azp", "spa")
}

#[tokio::test]
async fn any_and_all_permissions_are_told_apart() {
    let (issuer, api) = start().await;
    let with = |permissions: &[&str]| token(&issuer).permissions(permissions.iter().copied()).mint();
    let (none, read, write, both) =
        (with(&[]), with(&["read:users"]), with(&["write:users"]), with(&["write:users", "read:users"]));
    api.assert_all(&[
        ("/", &none, 403, ""),
        ("/", &read, 200, "Hello"),
        ("/", &write, 403, ""),
        ("/either", &none, 403, ""),
        ("/either", &read, 200, "Hello"),
        ("/either", &write, 200, "Hello"),
        ("/both", &read, 403, ""),
        ("/both", &both, 200, "Hello"),
        ("/both", "", 401, ""),
    ])
    .await;
}

#[tokio::test]
async fn claims_come_as_a_type_of_ones_own_or_as_they_are() {
    let (issuer, api) = start().await;
    let legal = token(&issuer).claim("https://acme.example/department", "legal").mint();
    let without = token(&issuer).mint();
    api.assert_all(&[("/user/", &legal, 200, "Hello, auth0|1 of legal"), ("/user/", &without, 401, "")]).await;
    let (status, payload) = api.get("/claims", &legal).await;
    let payload: Value = serde_json::from_str(&payload).unwrap();
    assert_eq!(
        (status, &payload["azp"], &payload["https://acme.example/department"]),
        (200, &"spa".into(), &"legal".into())
    );
}

#[tokio::test]
async fn a_user_is_optional_where_the_handler_says_so_and_a_bad_token_is_none() {
    let (issuer, api) = start().await;
    let (good, foreign) = (token(&issuer).mint(), token(&issuer).audience("https://other.example").mint());
    api.assert_all(&[
        ("/optional", "", 200, "Hello, stranger"),
        ("/optional", &good, 200, "Hello, auth0|1"),
        ("/optional", &foreign, 401, ""),
    ])
    .await;
}

#[tokio::test]
async fn the_page_has_an_authorize_button_for_what_is_guarded() {
    let (_issuer, api) = start().await;
    assert_eq!(api.get("/docs/", "").await.0, 200);
    let (_, document) = api.get("/openapi.json", "").await;
    let document: Value = serde_json::from_str(&document).unwrap();
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!((&schemes["bearerAuth"]["type"], &schemes["bearerAuth"]["scheme"]), (&"http".into(), &"bearer".into()));
    for path in ["/", "/either", "/both", "/user/", "/claims"] {
        let security = &document["paths"][path]["get"]["security"];
        assert!(security.as_array().is_some_and(|all| all.iter().all(|one| one["bearerAuth"].is_array())), "{path}");
    }
}
