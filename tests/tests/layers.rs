//! Authentication as a layer: on routers, on plain tower services, before and behind CORS.

use axum::body::{Body, to_bytes};
use axum::http::header::{HeaderMap, HeaderName};
use axum::http::{Method, Request, Response, StatusCode};
use axum::routing::{any, get};
use axum::{Extension, Router};
use countersign::{Oidc, Principal, Verifier, authenticated, exposed_headers};
use countersign_testing::TestIssuer;
use std::convert::Infallible;
use std::time::Duration;
use tokio::net::TcpListener;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tower::{Layer, ServiceExt, service_fn};
use tower_http::cors::{Any, CorsLayer};

const API: &str = "api";

struct World {
    issuer: TestIssuer,
    verifier: Verifier,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl World {
    async fn new() -> Self {
        let issuer = TestIssuer::start().await.unwrap();
        let provider = Oidc::issuer(issuer.url()).audience(API);
        let verifier = Verifier::builder().issuer(provider).build().await.unwrap();
        Self { issuer, verifier }
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.issuer.token("alice").audience(API).mint())
    }

    async fn get(&self, app: &Router, path: &str) -> (u16, u16) {
        let without = ask(app, Method::GET, path, &[]).await;
        let with = ask(app, Method::GET, path, &[("authorization", &self.bearer())]).await;
        (without.status, with.status)
    }
}

async fn ask(app: &Router, method: Method, path: &str, lines: &[(&str, &str)]) -> Answer {
    let response = app.clone().oneshot(request(method, path, lines)).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = String::from_utf8(to_bytes(body, 64 * 1024).await.unwrap().into()).unwrap();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

fn request(method: Method, path: &str, lines: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in lines {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}

async fn whoami(principal: Option<Extension<Principal>>) -> String {
    principal.map_or("a stranger".to_owned(), |Extension(principal)| principal.subject().to_owned())
}

fn routes() -> Router {
    ["/", "/livez", "/docs/{*rest}", "/users/{id}/photo", "/{page}", "/admin", "/admin-{page}"]
        .into_iter()
        .fold(Router::new(), |router, path| router.route(path, get(whoami)))
}

#[tokio::test]
async fn a_layer_asks_for_a_token_everywhere_but_on_its_exceptions() {
    let world = World::new().await;
    let layer = authenticated(&world.verifier).except(["/livez", "/docs/{*rest}"]).except(["/{page}"]);
    let app = routes().layer(layer);
    for (path, expected) in [
        ("/", (401, 200)),
        ("/livez", (200, 200)),
        ("/docs/index.html", (200, 200)),
        ("/docs/a/b.css?x=1", (200, 200)),
        ("/users/7/photo", (401, 200)),
        ("/anything", (200, 200)),
        // A route of its own, which the exception does not mean, though its pattern would match.
        ("/admin", (401, 200)),
        ("/admin-users", (401, 200)),
        ("/%61dmin", (200, 200)),
        // No route, as axum sees it: the exception's pattern does not match either.
        ("/livez/", (401, 404)),
        ("/docs/", (401, 404)),
        ("//livez", (401, 404)),
        ("/nothing/here", (401, 404)),
        // Not plain: somebody might read them in another way.
        ("/docs/../admin", (401, 200)),
        ("/docs/%2e%2e/admin", (401, 200)),
        ("/docs/a%2fb", (401, 200)),
        ("/docs//a", (401, 200)),
    ] {
        assert_eq!(world.get(&app, path).await, expected, "{path}");
    }
}

/// A pattern means what a route of the same pattern means in the router that the layer is on.
#[tokio::test]
async fn patterns_belong_to_the_router_that_has_the_layer() {
    let world = World::new().await;
    let inner = routes().layer(authenticated(&world.verifier).except(["/livez", "/{page}"]));
    for app in [
        Router::new().nest("/api", inner.clone()),
        Router::new().nest("/{version}", inner.clone()),
        Router::new().nest("/api", Router::new().nest("/v1", Router::new())).nest("/api/", inner.clone()),
        Router::new().nest_service("/api", inner.clone()),
    ] {
        assert_eq!(world.get(&app, "/api/livez").await, (200, 200));
        assert_eq!(world.get(&app, "/api/about").await, (200, 200));
        assert_eq!(world.get(&app, "/api/admin").await, (401, 200));
    }
    let outer = Router::new().nest("/api", routes());
    let app = outer.clone().layer(authenticated(&world.verifier).except(["/api/livez", "/livez", "/api/{page}"]));
    assert_eq!(world.get(&app, "/api/livez").await, (200, 200));
    assert_eq!(world.get(&app, "/api/about").await, (200, 200));
    assert_eq!(world.get(&app, "/api/admin").await, (401, 200));
    let app = outer.layer(authenticated(&world.verifier).except(["/livez", "/{page}"]));
    assert_eq!(world.get(&app, "/api/livez").await, (401, 200));
}

#[tokio::test]
async fn the_caller_is_in_the_extensions_and_a_bad_token_is_bad_on_exceptions_too() {
    let world = World::new().await;
    let app = routes().layer(authenticated(&world.verifier).except(["/livez"]));
    assert_eq!(ask(&app, Method::GET, "/", &[("authorization", &world.bearer())]).await.body, "alice");
    assert_eq!(ask(&app, Method::GET, "/livez", &[("authorization", &world.bearer())]).await.body, "alice");
    assert_eq!(ask(&app, Method::GET, "/livez", &[]).await.body, "a stranger");
    for path in ["/", "/livez"] {
        for (line, status) in [("Bearer a.b.c", 401), ("Bearer", 400)] {
            let answer = ask(&app, Method::GET, path, &[("authorization", line)]).await;
            assert_eq!(
                (answer.status, &answer.headers["content-type"]),
                (status, &"application/problem+json".parse().unwrap())
            );
            assert!(answer.headers.contains_key("www-authenticate"));
        }
    }
}

/// The first token after a rotation waits for its key, here as everywhere.
#[tokio::test]
async fn a_layer_waits_for_a_new_key() {
    let world = World::new().await;
    let app = routes().layer(authenticated(&world.verifier));
    world.issuer.rotate();
    assert_eq!(ask(&app, Method::GET, "/", &[("authorization", &world.bearer())]).await.body, "alice");
    assert_eq!(world.issuer.requests().keys, 2);
}

const PREFLIGHT: [(&str, &str); 3] = [
    ("origin", "https://app.example"),
    ("access-control-request-method", "GET"),
    ("access-control-request-headers", "authorization"),
];

#[tokio::test]
async fn preflight_requests_pass_whatever_the_order_with_cors() {
    let world = World::new().await;
    let cors = || {
        let layer = CorsLayer::new().allow_origin(["https://app.example".parse().unwrap()]).allow_methods(Any);
        layer.allow_headers([HeaderName::from_static("authorization")]).expose_headers(exposed_headers())
    };
    let auth = || authenticated(&world.verifier);
    for app in [routes().layer(cors()).layer(auth()), routes().layer(auth()).layer(cors())] {
        let answer = ask(&app, Method::OPTIONS, "/", &PREFLIGHT).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["access-control-allow-origin"], "https://app.example");
        assert_eq!(answer.headers["access-control-allow-headers"], "authorization");
    }
    // A script can read the challenge where CORS is on the outside, as it should be.
    let app = routes().layer(auth()).layer(cors());
    let answer = ask(&app, Method::GET, "/", &PREFLIGHT[..1]).await;
    assert_eq!(
        (answer.status, answer.headers["access-control-expose-headers"].to_str().unwrap()),
        (401, "www-authenticate,retry-after")
    );
    // What is no preflight needs a token.
    let app = Router::new().route("/", any(whoami)).layer(auth());
    assert_eq!(ask(&app, Method::OPTIONS, "/", &PREFLIGHT).await.body, "a stranger");
    for lines in [&[][..], &PREFLIGHT[..1], &PREFLIGHT[1..]] {
        assert_eq!(ask(&app, Method::OPTIONS, "/", lines).await.status, 401, "{lines:?}");
    }
    assert_eq!(ask(&app, Method::GET, "/", &PREFLIGHT).await.status, 401);
}

/// Any body in, any body out, and no router.
#[tokio::test]
async fn a_layer_is_for_any_tower_service() {
    let world = World::new().await;
    let service = service_fn(async |request: Request<u8>| {
        let subject = request.extensions().get::<Principal>().map(|principal| principal.subject().to_owned());
        Ok::<_, Infallible>(Response::new(subject.unwrap_or_default()))
    });
    let service = authenticated(&world.verifier).layer(service);
    let bare = Request::builder().body(7).unwrap();
    assert_eq!(service.clone().oneshot(bare).await.unwrap().status(), StatusCode::UNAUTHORIZED);
    let good = Request::builder().header("authorization", world.bearer()).body(7).unwrap();
    let body = service.oneshot(good).await.unwrap().into_body();
    assert_eq!(to_bytes(body, 100).await.unwrap(), "alice");
}

#[tokio::test]
async fn a_grpc_service_of_tonic_is_behind_the_layer() {
    let world = World::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_reporter, health) = tonic_health::server::health_reporter();
    let server = tonic::transport::Server::builder().layer(authenticated(&world.verifier)).add_service(health);
    let incoming = tonic::transport::server::TcpIncoming::from(listener);
    tokio::spawn(server.serve_with_incoming(incoming));

    let channel = tonic::transport::Endpoint::try_from(format!("http://{address}")).unwrap();
    let channel = channel.timeout(Duration::from_secs(60)).connect().await.unwrap();
    let mut client = HealthClient::new(channel);
    let check = |bearer: Option<&str>| {
        let mut request = tonic::Request::new(HealthCheckRequest::default());
        if let Some(bearer) = bearer {
            request.metadata_mut().insert("authorization", bearer.parse().unwrap());
        }
        request
    };
    for bearer in [None, Some("Bearer a.b.c")] {
        let refusal = client.check(check(bearer)).await.unwrap_err();
        assert_eq!(refusal.code(), tonic::Code::Unauthenticated, "{bearer:?}");
        assert!(refusal.metadata().contains_key("www-authenticate"));
    }
    let answer = client.check(check(Some(&world.bearer()))).await.unwrap();
    assert_eq!(answer.into_inner().status, 1, "serving");
}
