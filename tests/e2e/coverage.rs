//! axum's ways to register a handler, with every way to guard it: no handler runs without a token, for any method.
//!
//! axum may change which handlers `layer` and `route_layer` cover. This table notices such a change.

use axum::Router;
use axum::body::Body;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{
    MethodFilter, MethodRouter, any, any_service, connect, delete, get, get_service, head, on, on_service, options,
    post, trace,
};
use countersign::access::Access;
use countersign::openapi::PublicExt;
use countersign::providers::Oidc;
use countersign::{Authenticated, CurrentUser, GuardExt, GuardedRouter, Verifier, authenticated, route, routes};
use countersign_testing::TestIssuer;
use std::collections::HashSet;
use std::convert::Infallible;
use tower::{Layer, ServiceExt, service_fn};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter, UtoipaMethodRouterExt};

const API: &str = "api";
/// Set by every handler.
const RAN: &str = "x-ran";

async fn handler() -> Response {
    let mut response = StatusCode::OK.into_response();
    response.headers_mut().insert(RAN, "yes".parse().unwrap());
    response
}

fn service()
-> impl tower::Service<Request<Body>, Response = Response, Error = Infallible, Future: Send> + Clone + Send + Sync {
    service_fn(async |_: Request<Body>| Ok(handler().await))
}

const METHODS: [&str; 11] =
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PURGE", "get"];

struct World {
    _issuer: TestIssuer,
    verifier: Verifier,
    bearer: String,
}

impl World {
    async fn new() -> Self {
        let issuer = TestIssuer::start().await.unwrap();
        let provider = Oidc::issuer(issuer.url()).audience(API);
        let verifier = Verifier::builder().issuer(provider).build().await.unwrap();
        let bearer = format!("Bearer {}", issuer.token("alice").audience(API).mint());
        Self { _issuer: issuer, verifier, bearer }
    }

    async fn ask(&self, app: &Router, method: &str, path: &str, with_token: bool) -> (u16, HeaderMap) {
        let mut request = Request::builder().method(method).uri(path);
        // A preflight request does not get in either.
        request = request.header("origin", "https://app.example").header("access-control-request-method", "GET");
        if with_token {
            request = request.header(AUTHORIZATION, &self.bearer);
        }
        let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        (response.status().as_u16(), response.headers().clone())
    }

    /// A request without a token gets 401 for every method. A caller gets the route's response, including 405.
    async fn assert_closed(&self, cell: &str, app: &Router, path: &str) {
        let mut reached = 0;
        for method in METHODS {
            let (status, headers) = self.ask(app, method, path, false).await;
            assert!(!headers.contains_key(RAN), "{cell}: {method} {path} ran without a token");
            assert_eq!(status, 401, "{cell}: {method} {path} without a token");
            let (status, headers) = self.ask(app, method, path, true).await;
            assert!([200, 405].contains(&status), "{cell}: {method} {path} with a token: {status}");
            reached += usize::from(headers.contains_key(RAN));
        }
        assert!(reached > 0, "{cell}: {path} reaches nothing with a token, so this cell shows nothing");
    }

    /// The gaps that the docs name.
    async fn assert_open(&self, cell: &str, app: &Router, method: &str, path: &str) {
        let (_, headers) = self.ask(app, method, path, false).await;
        assert!(headers.contains_key(RAN), "{cell}: {method} {path} is covered now: change the docs of `Guard`");
    }
}

/// Ways to register a handler on one path.
fn methods() -> Vec<(&'static str, MethodRouter)> {
    vec![
        ("get", get(handler)),
        ("head", head(handler)),
        ("post", post(handler)),
        ("options", options(handler)),
        ("trace", trace(handler)),
        ("connect", connect(handler)),
        ("on two methods", on(MethodFilter::GET.or(MethodFilter::DELETE), handler)),
        ("any", any(handler)),
        ("any, get", any(handler).get(handler)),
        ("get, fallback", get(handler).fallback(handler)),
        ("get, post, options", get(handler).post(handler).options(handler)),
        ("a fallback alone", MethodRouter::new().fallback(handler)),
        ("get_service", get_service(service())),
        ("any_service", any_service(service())),
        ("on_service", on_service(MethodFilter::PUT, service())),
        ("get, fallback_service", get(handler).fallback_service(service())),
        ("merged", delete(handler).merge(any(handler))),
        ("with a layer", any(handler).get(handler).layer(tower::layer::layer_fn(|service| service))),
        ("with a route_layer", get(handler).fallback(handler).route_layer(tower::layer::layer_fn(|service| service))),
        ("with a state", any(async |_: axum::extract::State<u8>| handler().await).with_state(7)),
        ("a router as a service", any_service(Router::new().route("/x", any(handler)))),
    ]
}

/// Ways to register a handler on a router, and the paths that lead to it.
fn routers() -> Vec<(&'static str, Router, &'static [&'static str])> {
    let inner = || Router::new().route("/x", any(handler).get(handler)).route("/", get(handler).fallback(handler));
    vec![
        ("route_service", Router::new().route_service("/x", service()), &["/x"]),
        ("two calls of route", Router::new().route("/x", get(handler)).route("/x", any(handler)), &["/x"]),
        ("a parameter", Router::new().route("/{x}", any(handler)), &["/x", "/%78", "/..;"]),
        ("a rest", Router::new().route("/{*x}", any(handler)), &["/x", "/x/y", "//x"]),
        ("nest", Router::new().nest("/n", inner()), &["/n", "/n/x"]),
        ("nest twice", Router::new().nest("/n", Router::new().nest("/{m}", inner())), &["/n/m", "/n/m/x"]),
        ("nest_service, a router", Router::new().nest_service("/n", inner()), &["/n", "/n/", "/n/x"]),
        ("nest_service", Router::new().nest_service("/n", service()), &["/n", "/n/", "/n/x", "/n/x/y"]),
        ("nest a nest_service", Router::new().nest("/a", Router::new().nest_service("/n", service())), &["/a/n/x"]),
        ("merge", Router::new().merge(inner()), &["/", "/x"]),
        ("a layer", inner().layer(tower::layer::layer_fn(|service| service)), &["/", "/x"]),
        ("a route_layer", inner().route_layer(tower::layer::layer_fn(|service| service)), &["/", "/x"]),
        (
            "method_not_allowed_fallback",
            Router::new().route("/x", get(handler)).method_not_allowed_fallback(handler),
            &["/x"],
        ),
        (
            "a state",
            Router::new().route("/x", any(async |_: axum::extract::State<u8>| handler().await)).with_state(7),
            &["/x"],
        ),
    ]
}

#[tokio::test]
async fn a_guard_on_a_method_router_covers_every_way_to_register_a_handler() {
    #[utoipa::path(get, path = "/x")]
    async fn documented() {}

    let world = World::new().await;
    for (name, methods) in methods() {
        let plain = methods.clone().guard::<Authenticated>(&world.verifier);
        world.assert_closed(&format!("MethodRouter.guard, {name}"), &Router::new().route("/x", plain), "/x").await;

        let tuple: UtoipaMethodRouter = routes!(documented).into();
        let tuple = tuple.map(|_| methods.clone()).guard::<Authenticated>(&world.verifier);
        let (app, _) = OpenApiRouter::new().routes(tuple).split_for_parts();
        world.assert_closed(&format!("routes!.guard, {name}"), &app, "/x").await;

        // The method router as a handler and as the fallback of a router.
        let fallback = methods.guard::<Authenticated>(&world.verifier);
        let app = Router::new().fallback(fallback.clone());
        world.assert_closed(&format!("MethodRouter.guard as a fallback, {name}"), &app, "/x").await;
        let app = Router::new().nest("/n", Router::new().fallback(fallback));
        if name != "a router as a service" {
            world.assert_closed(&format!("MethodRouter.guard as a nested fallback, {name}"), &app, "/n/x").await;
        }
    }
}

#[tokio::test]
async fn a_guard_or_layer_on_a_router_covers_every_way_to_register_a_handler() {
    let world = World::new().await;
    let of_methods =
        methods().into_iter().map(|(name, methods)| (name, Router::new().route("/x", methods), &["/x"][..]));
    for (name, router, paths) in of_methods.chain(routers()) {
        let verifier = &world.verifier;
        let guarded = router.clone().guard::<Authenticated>(verifier);
        let cases = [
            ("Router.guard", guarded.clone()),
            ("OpenApiRouter.guard", OpenApiRouter::from(router.clone()).guard::<Authenticated>(verifier).into()),
            ("authenticated", router.clone().layer(authenticated(verifier))),
            ("authenticated as a route_layer", router.clone().route_layer(authenticated(verifier))),
            ("authenticated around it", Router::new().fallback_service(authenticated(verifier).layer(router.clone()))),
            ("guarded, merged", Router::new().merge(guarded.clone())),
            ("guarded, with a route beside", guarded.clone().route("/beside", any(handler))),
            ("guarded, with a fallback", guarded.clone().fallback(handler)),
            ("guarded, as a service", Router::new().fallback_service(guarded.clone().into_service())),
            ("guarded, with a state", guarded.clone().with_state(())),
            ("guarded twice", guarded.clone().guard::<Authenticated>(verifier)),
            ("guarded, with a layer", guarded.layer(tower::layer::layer_fn(|service| service))),
        ];
        for (guard, app) in cases {
            for path in paths {
                world.assert_closed(&format!("{guard}, {name}"), &app, path).await;
            }
            if name != "a router as a service" && name != "a rest" {
                let below = Router::new().nest("/below", app.clone());
                let service = Router::new().nest_service("/below", app);
                for path in paths {
                    let path = format!("/below{}", path.strip_suffix('/').unwrap_or(path));
                    // axum ignores the fallback of a nested service.
                    if !guard.contains("around") && !guard.contains("as a service") {
                        world.assert_closed(&format!("{guard}, {name}, nested"), &below, &path).await;
                    }
                    world.assert_closed(&format!("{guard}, {name}, as a nested service"), &service, &path).await;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_guarded_router_covers_every_way_to_register_a_handler() {
    #[utoipa::path(get, path = "/x")]
    async fn documented() -> Response {
        handler().await
    }

    let world = World::new().await;
    let verifier = &world.verifier;
    let new = GuardedRouter::<()>::new;
    let cases = [
        ("route! get", new().route("/x", route!(get, handler))),
        ("route! any", new().route("/x", route!(any, handler))),
        ("route! options", new().route("/x", route!(options, handler))),
        ("route! get, any", new().route("/x", route!(get, handler)).route("/x", route!(any, handler))),
        ("routes!", new().routes(routes!(documented))),
        ("routes! and route! any", new().routes(routes!(documented)).route("/x", route!(any, handler))),
        ("routes! and route! options", new().routes(routes!(documented)).route("/x", route!(options, handler))),
        ("merged", new().merge(new().routes(routes!(documented))).merge(new().route("/x", route!(any, handler)))),
    ];
    for (name, router) in cases {
        let app = router.guard::<Authenticated>(verifier).build().unwrap().router;
        for app in [app.clone(), Router::new().nest("/n", app.clone()), Router::new().nest_service("/n", app)] {
            for path in ["/x", "/n/x"] {
                for method in METHODS {
                    let (status, headers) = world.ask(&app, method, path, false).await;
                    assert!(!headers.contains_key(RAN), "{name}: {method} {path} ran without a token");
                    // A preflight request may get the router's 405 or 404.
                    let is_right = status == 401 || status == 404 || (method == "OPTIONS" && status == 405);
                    assert!(is_right, "{name}: {method} {path} without a token: {status}");
                }
            }
        }
    }
}

/// The limits that the docs of `Guard` name.
#[tokio::test]
async fn what_is_not_covered_is_what_the_docs_name() {
    let world = World::new().await;
    let verifier = &world.verifier;
    let x = || Router::new().route("/x", get(handler));
    for (name, app, method, path) in [
        ("the router's own fallback", x().fallback(handler).guard::<Authenticated>(verifier), "GET", "/y"),
        (
            "its nested fallback",
            Router::new().nest("/n", x().fallback(handler).guard::<Authenticated>(verifier)),
            "GET",
            "/n/y",
        ),
        ("a method that is added later", x().guard::<Authenticated>(verifier).route("/x", post(handler)), "POST", "/x"),
        (
            "a later method_not_allowed_fallback",
            x().guard::<Authenticated>(verifier).method_not_allowed_fallback(handler),
            "PUT",
            "/x",
        ),
        (
            "a handler that is added to a method router later",
            Router::new().route("/x", get(handler).guard::<Authenticated>(verifier).post(handler)),
            "POST",
            "/x",
        ),
        (
            "an exception, by every method",
            Router::new().route("/x", any(handler)).layer(authenticated(verifier).except(["/x"])),
            "PURGE",
            "/x",
        ),
    ] {
        world.assert_open(name, &app, method, path).await;
    }
    // The layer has no such limit for fallbacks.
    for (app, path) in [
        (x().fallback(handler).layer(authenticated(verifier)), "/y"),
        (Router::new().nest("/n", x().fallback(handler).layer(authenticated(verifier))), "/n/y"),
        (Router::new().fallback_service(service()).layer(authenticated(verifier)), "/y"),
        (Router::new().fallback(handler).layer(authenticated(verifier)), "/"),
    ] {
        world.assert_closed("authenticated, a fallback", &app, path).await;
    }
}

#[tokio::test]
async fn a_guard_on_nothing_is_refused_in_words_of_ours() {
    let world = World::new().await;
    let message = |guard: &dyn Fn()| {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(guard)).expect_err("nothing was guarded");
        panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap()
    };
    let verifier = &world.verifier;
    for text in [
        message(&|| drop(Router::<()>::new().guard::<Authenticated>(verifier))),
        message(&|| drop(OpenApiRouter::<()>::default().guard::<Authenticated>(verifier))),
        message(&|| drop(GuardedRouter::<()>::new().guard::<Authenticated>(verifier))),
        message(&|| drop(Router::<()>::new().fallback(handler).guard::<Authenticated>(verifier))),
    ] {
        assert_eq!(text, "this router has no route yet, so a guard would guard nothing: add the routes first");
    }
    // These routers have routes.
    let _: MethodRouter = any(handler).guard::<Authenticated>(verifier);
    let router = GuardedRouter::<()>::new().route("/x", route!(any, handler).guard::<Authenticated>(verifier));
    world.assert_closed("route!(any).guard", &router.build().unwrap().router, "/x").await;
    let router = GuardedRouter::<()>::new().fallback(route!(any, handler).guard::<Authenticated>(verifier));
    world.assert_closed("route!(any).guard as a fallback", &router.build().unwrap().router, "/x").await;
    let open = GuardedRouter::<()>::new().route("/x", route!(any, handler).public()).build().unwrap().router;
    world.assert_open("public", &open, "POST", "/x").await;
}

/// axum drops the fallback of a router that is nested in a nested router without one, so another fallback answers there.
#[tokio::test]
async fn the_matrix_has_no_fallback_that_axum_drops() {
    let world = World::new().await;
    let guarded = || GuardedRouter::<()>::new().fallback(route!(any, handler).guard::<Authenticated>(&world.verifier));
    let open = || GuardedRouter::<()>::new().fallback(route!(any, handler).public());
    let router = open().nest("/a", GuardedRouter::new().nest("/b", guarded()));
    assert_eq!(router.matrix().to_text(), "ANY  /*  public  (undocumented)\n");
    world.assert_open("nested twice", &router.build().unwrap().router, "GET", "/a/b/x").await;
    let router = open().nest("/a", guarded().nest("/b", guarded()));
    assert_eq!(router.matrix().rows().len(), 3);
    let app = router.build().unwrap().router;
    world.assert_closed("nested twice, with a fallback between", &app, "/a/b/x").await;
    world.assert_closed("nested twice, with a fallback between", &app, "/a/x").await;
}

/// Guarded routers made at random: what runs for a stranger is open by the matrix.
#[tokio::test]
async fn a_guarded_router_of_any_composition_does_as_its_matrix_says() {
    let world = World::new().await;
    let mut ran = 0;
    for seed in 1..100 {
        let mut composer =
            Composer { state: 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed) | 1, nests: 0, verifier: &world.verifier };
        let router = composer.compose(3, &mut HashSet::new(), true);
        let matrix = router.matrix();
        let app = router.with_state::<()>(world.verifier.clone()).build().unwrap().router;
        for path in matrix.rows().iter().map(|row| &row.path) {
            for method in METHODS {
                let access = |method: &str| {
                    let mut rows = matrix.rows().iter();
                    rows.find(|row| row.path == *path && row.method == method).map(|row| &row.access)
                };
                let access =
                    access(method).or_else(|| access("GET").filter(|_| method == "HEAD")).or_else(|| access("ANY"));
                let is_open = access.is_some_and(|access| !matches!(access, Access::Required(_)));
                let concrete = path.replace("{x}", "1").replace('*', "x/y");
                let (status, headers) = world.ask(&app, method, &concrete, false).await;
                let has_run = headers.contains_key(RAN);
                // A fallback may be hidden by another route.
                assert!(
                    has_run == is_open || path.ends_with("/*") && !has_run,
                    "{seed}: {method} {concrete}: {status}\n{}",
                    matrix.to_text()
                );
                ran += usize::from(has_run);
            }
        }
    }
    assert!(ran > 500, "{ran}");
}

async fn known(_: CurrentUser) -> Response {
    handler().await
}

async fn optional(_: Option<CurrentUser>) -> Response {
    handler().await
}

struct Composer<'v> {
    state: u64,
    nests: usize,
    verifier: &'v Verifier,
}

impl Composer<'_> {
    /// Xorshift.
    fn below(&mut self, bound: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) % bound
    }

    /// `used` are the paths and methods that are taken.
    fn compose(
        &mut self,
        depth: usize,
        used: &mut HashSet<(u64, u64)>,
        may_fall_back: bool,
    ) -> GuardedRouter<Verifier> {
        let mut router = GuardedRouter::new();
        let (mut has_routes, mut may_fall_back) = (false, may_fall_back);
        for _ in 0..2 + self.below(5) {
            match self.below(10) {
                0..=3 => {
                    let (path, method) = (self.below(4), self.below(4));
                    if used.insert((path, method)) {
                        router = self.add(router, ["/a", "/b/{x}", "/b/c", "/"][path as usize], method);
                        has_routes = true;
                    }
                }
                4 | 5 if has_routes => router = router.guard::<Authenticated>(self.verifier),
                6 if depth > 0 => {
                    self.nests += 1;
                    let prefix = format!("/n{}", self.nests);
                    router = router.nest(&prefix, self.compose(depth - 1, &mut HashSet::new(), true));
                }
                7 if depth > 0 => router = router.merge(self.compose(depth - 1, used, false)),
                8 if may_fall_back => {
                    may_fall_back = false;
                    let route = route!(any, handler);
                    let is_open = self.below(2) == 0;
                    router = router.fallback(if is_open {
                        route.public()
                    } else {
                        route.guard::<Authenticated>(self.verifier)
                    });
                }
                _ => router = router.layer(tower::layer::layer_fn(|service| service)),
            }
        }
        router
    }

    fn add(&mut self, router: GuardedRouter<Verifier>, path: &str, method: u64) -> GuardedRouter<Verifier> {
        let kinds = match method {
            0 => [route!(get, handler), route!(get, known), route!(get, optional)],
            1 => [route!(post, handler), route!(post, known), route!(post, optional)],
            2 => [route!(options, handler), route!(options, known), route!(options, optional)],
            _ => [route!(any, handler), route!(any, known), route!(any, optional)],
        };
        let [plain, known, optional] = kinds;
        router.route(
            path,
            match self.below(4) {
                0 => plain.public(),
                1 => plain.guard::<Authenticated>(self.verifier),
                2 => known,
                _ => optional,
            },
        )
    }
}
