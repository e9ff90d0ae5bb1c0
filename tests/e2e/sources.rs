//! Token sources: on a verifier, for one router, and in the document.

use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use axum::{Router, extract::Request as AxumRequest};
use countersign::openapi::SecuritySchemes;
use countersign::providers::Oidc;
use countersign::{
    ConfigError, GuardExt, GuardedRouter, Principal, RequireScopes, Source, Verifier, VerifierBuilder, routes,
};
use countersign_testing::TestIssuer;
use serde_json::{Value, json};
use tower::ServiceExt;
use utoipa::Modify;

countersign::scopes! { Read = "read"; }

const API: &str = "api";

fn trusting(issuer: &TestIssuer) -> VerifierBuilder {
    Verifier::builder().issuer(Oidc::issuer(issuer.url()).audience(API))
}

async fn status(app: &Router, path: &str, lines: &[(&str, &str)]) -> u16 {
    let mut request: axum::http::request::Builder = Request::builder().uri(path);
    for (name, value) in lines {
        request = request.header(*name, *value);
    }
    let request: AxumRequest = request.body(Body::empty()).unwrap();
    app.clone().oneshot(request).await.unwrap().status().as_u16()
}

async fn whoami(principal: Principal) -> String {
    principal.subject().to_owned()
}

#[tokio::test]
async fn a_token_of_cloudflare_or_googles_proxy_comes_bare_in_its_header() {
    let issuer = TestIssuer::start().await.unwrap();
    let token = issuer.token("alice").audience(API).mint();
    for header in ["Cf-Access-Jwt-Assertion", "x-goog-iap-jwt-assertion"] {
        let verifier = trusting(&issuer).sources([Source::header(header)]).build().await.unwrap();
        let app = Router::new().route("/", get(whoami)).with_state(verifier);
        assert_eq!(status(&app, "/", &[(header, &token)]).await, 200);
        assert_eq!(status(&app, "/", &[("authorization", &format!("Bearer {token}"))]).await, 401);
    }
}

/// Guards and extractors use the same sources, with and without a cache.
#[tokio::test]
async fn guards_on_routers_know_the_sources_too() {
    let issuer = TestIssuer::start().await.unwrap();
    let cookie = format!("__session={}", issuer.token("alice").audience(API).scopes(["read"]).mint());
    for builder in [trusting(&issuer), trusting(&issuer).without_cache()] {
        let verifier = builder.sources([Source::cookie("__session")]).build().await.unwrap();
        let app = Router::new().route("/", get(whoami)).guard::<RequireScopes<Read>>(&verifier).with_state(verifier);
        assert_eq!(status(&app, "/", &[("cookie", &cookie)]).await, 200);
        assert_eq!(status(&app, "/", &[]).await, 401);
    }
}

/// Nested routers with separate states: the websockets' sources do not apply to the rest of the API.
#[tokio::test]
async fn a_router_can_have_sources_of_its_own() {
    let issuer = TestIssuer::start().await.unwrap();
    let verifier = trusting(&issuer).build().await.unwrap();
    let others = verifier.sources([Source::cookie("s")]).unwrap();
    assert_eq!(others, verifier);
    let inner = Router::new().route("/", get(whoami)).with_state(others);
    let app = Router::new().route("/", get(whoami)).with_state(verifier.clone()).nest("/inner", inner);
    let token = issuer.token("alice").audience(API).mint();
    let (bearer, cookie) = (format!("Bearer {token}"), format!("s={token}"));
    for (path, by_header, by_cookie) in [("/", 200, 401), ("/inner", 401, 200)] {
        assert_eq!(status(&app, path, &[("authorization", &bearer)]).await, by_header, "{path}");
        assert_eq!(status(&app, path, &[("cookie", &cookie)]).await, by_cookie, "{path}");
    }
    assert!(matches!(verifier.sources([Source::header("a b")]), Err(ConfigError::InvalidArgument { .. })));
}

#[tokio::test]
async fn a_source_that_cannot_be_one_is_an_error_at_build_whatever_follows() {
    let issuer = TestIssuer::start().await.unwrap();
    for builder in [
        trusting(&issuer).sources([]),
        trusting(&issuer).sources([Source::cookie("a b")]).sources([Source::authorization()]),
        trusting(&issuer).trusted_origins(["https://app.example/"]),
    ] {
        let error = builder.build().await.unwrap_err();
        assert!(matches!(error, ConfigError::InvalidArgument { .. }), "{error}");
    }
}

#[utoipa::path(get, path = "/read")]
async fn read(_: RequireScopes<Read>) {}

#[utoipa::path(get, path = "/optional")]
async fn optional(_: Option<Principal>) {}

#[utoipa::path(post, path = "/optional")]
async fn write(_: Principal) {}

#[tokio::test]
async fn the_document_shows_each_source_as_a_scheme() {
    let issuer = TestIssuer::start().await.unwrap();
    let document = |verifier: &Verifier| -> Value {
        let router = GuardedRouter::<Verifier>::new().routes(routes!(read)).routes(routes!(optional, write));
        let mut openapi = router.build().unwrap().openapi;
        SecuritySchemes::of(verifier).modify(&mut openapi);
        serde_json::to_value(openapi).unwrap()
    };
    let all = [
        Source::cookie("__session"),
        Source::authorization(),
        Source::header("Cf-Access-Jwt-Assertion"),
        Source::cookie("CF_Authorization"),
        Source::websocket_protocol(),
    ];
    let verifier = trusting(&issuer).sources(all).build().await.unwrap();
    let json = document(&verifier);
    assert_eq!(
        json["components"]["securitySchemes"],
        json!({
            "bearerAuth": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
            "cookieAuth": { "type": "apiKey", "in": "cookie", "name": "__session" },
            "cookieAuth2": { "type": "apiKey", "in": "cookie", "name": "CF_Authorization" },
            "headerAuth": { "type": "apiKey", "in": "header", "name": "cf-access-jwt-assertion" },
        })
    );
    let each = |scopes: &[&str]| {
        ["cookieAuth", "bearerAuth", "headerAuth", "cookieAuth2"].map(|name| json!({ name: scopes })).to_vec()
    };
    assert_eq!(json["paths"]["/read"]["get"]["security"], json!(each(&["read"])));
    let optional = [vec![json!({})], each(&[])].concat();
    assert_eq!(json["paths"]["/optional"]["get"]["security"], json!(optional));

    // A cookie is rejected for methods that change something.
    let answers = |method: &str| json["paths"]["/optional"][method]["responses"]["403"].clone();
    assert!(answers("post").is_object() && answers("get").is_null());

    // Without declared sources, the document does not change.
    let plain = trusting(&issuer).build().await.unwrap();
    let json = document(&plain);
    assert_eq!(json["components"]["securitySchemes"].as_object().unwrap().len(), 1);
    assert!(json["paths"]["/optional"]["post"]["responses"]["403"].is_null());
    let without = trusting(&issuer).sources([Source::cookie("s")]).build().await.unwrap();
    assert_eq!(document(&without)["paths"]["/read"]["get"]["security"], json!([{ "cookieAuth": ["read"] }]));
}

/// The challenge must not name a header that is not a source.
#[tokio::test]
async fn answers_speak_of_the_places_where_a_token_counts() {
    let issuer = TestIssuer::start().await.unwrap();
    for (sources, missing, doubled) in [
        (vec![Source::authorization()], "`Authorization: Bearer TOKEN`", "in one Authorization header"),
        (vec![Source::authorization(), Source::cookie("id")], "`Authorization: Bearer TOKEN`", "in one of the places"),
        (vec![Source::cookie("id")], "where this API takes one", "in one of the places"),
    ] {
        let verifier = trusting(&issuer).sources(sources).build().await.unwrap();
        let app = Router::new().route("/", get(whoami)).with_state(verifier);
        let ask = async |lines: &[(&str, &str)]| {
            let mut request: axum::http::request::Builder = Request::builder().uri("/");
            for (name, value) in lines {
                request = request.header(*name, *value);
            }
            let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            let challenge = response.headers()["www-authenticate"].to_str().unwrap().to_owned();
            let body = axum::body::to_bytes(response.into_body(), 1 << 16).await.unwrap();
            (serde_json::from_slice::<Value>(&body).unwrap()["detail"].as_str().unwrap().to_owned(), challenge)
        };
        let (detail, _) = ask(&[]).await;
        assert!(detail.contains(missing), "{detail}");
        let twice = [("authorization", "Bearer a"), ("authorization", "Bearer b"), ("cookie", "id=a; id=b")];
        let (detail, challenge) = ask(&twice).await;
        assert!(detail.contains(doubled) && challenge.contains(doubled), "{detail} {challenge}");
    }
}
