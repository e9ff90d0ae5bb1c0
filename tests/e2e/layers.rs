//! Authentication as a layer, on routers and on other tower services.

use axum::body::to_bytes;
use axum::http::{Request, Response, StatusCode};
use axum::routing::{any_service, get};
use axum::{Extension, Router};
use countersign::layer::exposed_headers;
use countersign::providers::Oidc;
use countersign::{Principal, Verifier, authenticated};
use countersign_testing::TestIssuer;
use countersign_tests::{Journal, send};
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
        let without = send(app, "GET", path, &[]).await;
        let with = send(app, "GET", path, &[("authorization", &self.bearer())]).await;
        (without.status, with.status)
    }
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
        // A separate route, which is no exception although the pattern would match.
        ("/admin", (401, 200)),
        ("/admin-users", (401, 200)),
        ("/%61dmin", (200, 200)),
        // Not a route for axum, so the exception does not match either.
        ("/livez/", (401, 404)),
        ("/docs/", (401, 404)),
        ("//livez", (401, 404)),
        ("/nothing/here", (401, 404)),
        // Ambiguous paths.
        ("/docs/../admin", (401, 200)),
        ("/docs/%2e%2e/admin", (401, 200)),
        ("/docs/a%2fb", (401, 200)),
        ("/docs//a", (401, 200)),
    ] {
        assert_eq!(world.get(&app, path).await, expected, "{path}");
    }
}

/// A pattern matches like a route with the same pattern in the router that has the layer.
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

/// axum reports no matched route in nested services, fallbacks and services that are not routers. Patterns with
/// parameters are no exceptions there.
#[tokio::test]
async fn a_parameter_opens_nothing_where_axum_tells_no_route() {
    let world = World::new().await;
    let layer = || {
        authenticated(&world.verifier).except(["/{user}/{photo}", "/{page}", "/docs/{*rest}", "/livez", "/v1/about"])
    };
    let admin = || Router::new().route("/", get(whoami)).route("/users", get(whoami)).fallback(whoami);
    let routes = || {
        ["/{user}/{photo}", "/{page}", "/livez", "/v1/about"]
            .into_iter()
            .fold(Router::new(), |router, path| router.route(path, get(whoami)))
    };
    let nested = routes().nest_service("/admin", admin()).layer(layer());
    for (path, expected) in [
        ("/alice/1", (200, 200)),
        ("/about", (200, 200)),
        ("/livez", (200, 200)),
        ("/v1/about", (200, 200)),
        ("/admin/users", (401, 200)),
        ("/admin/", (401, 200)),
        ("/admin", (401, 200)),
        ("/admin/x/y", (401, 200)),
    ] {
        assert_eq!(world.get(&nested, path).await, expected, "{path}");
        let path = format!("/api{path}");
        assert_eq!(world.get(&Router::new().nest("/api", nested.clone()), &path).await, expected, "{path}");
        assert_eq!(world.get(&Router::new().nest_service("/api", nested.clone()), &path).await, expected, "{path}");
    }
    // Around a router, a fallback, a catch-all that leads to another router.
    let around = Router::new().fallback_service(layer().layer(routes().nest_service("/admin", admin())));
    let fallback = Router::new().fallback_service(routes().nest_service("/admin", admin())).layer(layer());
    let rest = Router::new().route("/{*rest}", any_service(routes().route("/admin/users", get(whoami)))).layer(layer());
    for app in [around, fallback, rest] {
        for (path, expected) in [
            ("/livez", (200, 200)),
            ("/v1/about", (200, 200)),
            ("/alice/1", (401, 200)),
            ("/about", (401, 200)),
            ("/admin/users", (401, 200)),
        ] {
            assert_eq!(world.get(&app, path).await, expected, "{path}");
        }
    }
}

/// A router that is called as a service by another router's route gets both routes in one text.
#[tokio::test]
async fn the_route_of_an_outer_router_is_no_route_of_the_inner_one() {
    let world = World::new().await;
    let inner = |exception: &str| {
        ["/a/{b}", "/a/admin", "/{page}", "/admin"]
            .into_iter()
            .fold(Router::new(), |router, path| router.route(path, get(whoami)))
            .layer(authenticated(&world.verifier).except([exception]))
    };
    for (outer, exception, paths) in [
        ("/{*path}", "/{page}", &["/admin", "/about"][..]),
        ("/{page}", "/{page}", &["/admin", "/about"]),
        ("/a/{b}", "/a/{id}", &["/a/admin", "/a/1"]),
        ("/a/{*path}", "/a/{id}", &["/a/admin", "/a/1"]),
        ("/{x}/{y}", "/a/{id}", &["/a/admin", "/a/1"]),
    ] {
        let app = Router::new().route(outer, any_service(inner(exception)));
        for path in paths {
            assert_eq!(world.get(&app, path).await, (401, 200), "{outer} {exception} {path}");
        }
    }
    // In the fallback of an inner router, axum reports the outer route only. A catch-all proves nothing.
    let layer = authenticated(&world.verifier).except(["/{page}", "/a/{id}"]);
    let inner = Router::new().fallback(whoami).layer(layer);
    let app = Router::new().route("/{*path}", any_service(inner.clone())).route("/a/{*path}", any_service(inner));
    for path in ["/admin", "/a/admin"] {
        assert_eq!(world.get(&app, path).await, (401, 200), "{path}");
    }
}

#[tokio::test]
async fn an_exception_that_does_not_count_is_logged_once() {
    let world = World::new().await;
    let journal = Journal::start();
    let layer = authenticated(&world.verifier).except(["/{page}", "/livez", "/docs/{*rest}"]);
    let app = Router::new().route("/{page}", get(whoami)).route("/admin", get(whoami)).layer(layer.clone());
    for path in ["/about", "/admin", "/livez", "/docs/a", "/not/there"] {
        world.get(&app, path).await;
    }
    assert!(!journal.take().contains("does not count"));
    let app = Router::new().fallback_service(layer.layer(app));
    for path in ["/about", "/admin", "/livez", "/about"] {
        world.get(&app, path).await;
    }
    let log = journal.take();
    let lines: Vec<_> = log.lines().filter(|line| line.contains("does not count")).collect();
    assert!(matches!(lines[..], [line] if line.contains("WARN") && line.contains("/{page}")), "{log}");
    assert!(lines[0].contains("end the pattern with `{*rest}`"), "{log}");
}

/// Paths that a service behind the layer could interpret as other paths. `plain_path.rs` has the full table.
#[tokio::test]
async fn a_path_that_can_be_read_in_two_ways_is_no_exception() {
    let world = World::new().await;
    let app = Router::new().route("/docs/{*rest}", get(whoami)).fallback(whoami);
    let app = app.layer(authenticated(&world.verifier).except(["/docs/{*rest}"]));
    for path in
        ["..%3b/admin", "a%09b", "a%0ab", "a%0Db", "%c0%ae%c0%ae/admin", "%u002e%u002e/admin", "%e2%80%a5/admin"]
    {
        assert_eq!(world.get(&app, &format!("/docs/{path}")).await, (401, 200), "{path}");
    }
    for path in ["a%20b", "caf%C3%A9", "a;b=c", "a.css", "%E6%97%A5"] {
        assert_eq!(world.get(&app, &format!("/docs/{path}")).await, (200, 200), "{path}");
    }
}

#[tokio::test]
async fn the_caller_is_in_the_extensions_and_a_bad_token_is_bad_on_exceptions_too() {
    let world = World::new().await;
    let app = routes().layer(authenticated(&world.verifier).except(["/livez"]));
    assert_eq!(send(&app, "GET", "/", &[("authorization", &world.bearer())]).await.body, "alice");
    assert_eq!(send(&app, "GET", "/livez", &[("authorization", &world.bearer())]).await.body, "alice");
    assert_eq!(send(&app, "GET", "/livez", &[]).await.body, "a stranger");
    for path in ["/", "/livez"] {
        for (line, status) in [("Bearer a.b.c", 401), ("Bearer", 400)] {
            let answer = send(&app, "GET", path, &[("authorization", line)]).await;
            assert_eq!(
                (answer.status, &answer.headers["content-type"]),
                (status, &"application/problem+json".parse().unwrap())
            );
            assert!(answer.headers.contains_key("www-authenticate"));
        }
    }
}

/// The first token after a rotation waits for its key.
#[tokio::test]
async fn a_layer_waits_for_a_new_key() {
    let world = World::new().await;
    let app = routes().layer(authenticated(&world.verifier));
    world.issuer.rotate();
    assert_eq!(send(&app, "GET", "/", &[("authorization", &world.bearer())]).await.body, "alice");
    assert_eq!(world.issuer.requests().keys, 2);
}

/// A script of another origin can read the reason of the rejection.
#[tokio::test]
async fn cors_outside_of_the_layer_gives_its_headers_to_refusals() {
    let world = World::new().await;
    let cors = CorsLayer::new().allow_origin(Any).expose_headers(exposed_headers());
    let app = routes().layer(authenticated(&world.verifier)).layer(cors);
    let answer = send(&app, "GET", "/", &[("origin", "https://app.example")]).await;
    assert_eq!(
        (answer.status, answer.headers["access-control-expose-headers"].to_str().unwrap()),
        (401, "www-authenticate,retry-after")
    );
}

/// A service with other body types that is not a router.
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
