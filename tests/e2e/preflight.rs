//! Preflight requests, with guards and layers outside and inside of CORS.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, Response, StatusCode};
use axum::routing::{MethodRouter, any, any_service, get};
use countersign::openapi::PublicExt;
use countersign::providers::Oidc;
use countersign::{Authenticated, GuardExt, GuardedRouter, Verifier, authenticated, route, routes};
use countersign_testing::TestIssuer;
use countersign_tests::Journal;
use std::convert::Infallible;
use tower::{Layer, ServiceExt, service_fn};
use tower_http::cors::{Any, CorsLayer};
use utoipa_axum::router::OpenApiRouter;

const PAGE: &str = "https://app.example";
const PREFLIGHT: [(&str, &str); 3] =
    [("origin", PAGE), ("access-control-request-method", "GET"), ("access-control-request-headers", "authorization")];

/// Set by every handler.
const RAN: &str = "x-ran";

async fn handler() -> ([(&'static str, &'static str); 1], &'static str) {
    ([(RAN, "yes")], "ran")
}

#[utoipa::path(get, path = "/x")]
async fn documented() -> ([(&'static str, &'static str); 1], &'static str) {
    handler().await
}

async fn verifier() -> (TestIssuer, Verifier) {
    let issuer = TestIssuer::start().await.unwrap();
    let verifier = Verifier::builder().issuer(Oidc::issuer(issuer.url()).audience("api")).build().await.unwrap();
    (issuer, verifier)
}

fn cors() -> CorsLayer {
    CorsLayer::new().allow_origin([PAGE.parse().unwrap()]).allow_methods(Any).allow_headers(Any)
}

async fn ask(app: &Router, path: &str, lines: &[(&str, &str)], body: &'static str) -> (u16, HeaderMap) {
    let mut request = Request::builder().method("OPTIONS").uri(path);
    for (name, value) in lines {
        request = request.header(*name, *value);
    }
    let response = app.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
    (response.status().as_u16(), response.headers().clone())
}

type Lay = fn(Router, &Verifier) -> Router;
type Make = fn() -> GuardedRouter;

#[derive(Debug, PartialEq, Eq)]
enum Got {
    /// Answered by CORS.
    Answered,
    Refused,
    NotAllowed,
    Ran,
}
use Got::{Answered, NotAllowed, Ran, Refused};

async fn preflight(app: &Router, path: &str) -> Got {
    let (status, headers) = ask(app, path, &PREFLIGHT, "").await;
    match (status, headers.contains_key(RAN), headers.contains_key("access-control-allow-origin")) {
        (200, false, true) => Answered,
        (200, true, _) => Ran,
        (401, false, _) => Refused,
        (405, false, _) => NotAllowed,
        other => panic!("{path}: {other:?}"),
    }
}

#[tokio::test]
async fn a_layer_or_guard_hands_no_preflight_request_on_unless_it_is_told_to() {
    let (_issuer, verifier) = verifier().await;
    let passing = verifier.pass_preflight();
    let ways: [(&str, Lay); 6] = [
        ("authenticated", |router, verifier| router.layer(authenticated(verifier))),
        ("authenticated as a route_layer", |router, verifier| router.route_layer(authenticated(verifier))),
        ("authenticated around it", |router, verifier| {
            Router::new().fallback_service(authenticated(verifier).layer(router))
        }),
        ("guard", |router, verifier| router.guard::<Authenticated>(verifier)),
        ("OpenApiRouter.guard", |router, verifier| OpenApiRouter::from(router).guard::<Authenticated>(verifier).into()),
        ("nested guard", |router, verifier| Router::new().nest("/n", router.guard::<Authenticated>(verifier))),
    ];
    for (name, lay) in ways {
        let path = if name.starts_with("nested") { "/n/x" } else { "/x" };
        for (methods, inner) in [
            (any(handler), Ran),
            (get(handler).options(handler), Ran),
            (get(handler).fallback(handler), Ran),
            (get(handler), NotAllowed),
        ] {
            let router = || Router::new().route("/x", methods.clone());
            assert_eq!(preflight(&lay(router(), &verifier), path).await, Refused, "{name}");
            assert_eq!(preflight(&lay(router().layer(cors()), &verifier), path).await, Refused, "{name}, CORS inside");
            assert_eq!(
                preflight(&lay(router(), &verifier).layer(cors()), path).await,
                Answered,
                "{name}, CORS outside"
            );

            assert_eq!(preflight(&lay(router(), &passing), path).await, inner, "{name}, passing");
            assert_eq!(preflight(&lay(router().layer(cors()), &passing), path).await, Answered, "{name}, passing");
        }
    }
    // The layer's own switch, and a guard on a method router.
    let app = Router::new().route("/x", any(handler)).layer(cors()).layer(authenticated(&verifier).pass_preflight());
    assert_eq!(preflight(&app, "/x").await, Answered);
    let methods: MethodRouter = any(handler).layer(cors());
    let app = Router::new().route("/x", methods.clone().guard::<Authenticated>(&verifier));
    assert_eq!(preflight(&app, "/x").await, Refused);
    let app = Router::new().route("/x", methods.guard::<Authenticated>(&passing));
    assert_eq!(preflight(&app, "/x").await, Answered);
}

#[tokio::test]
async fn what_is_no_preflight_request_needs_a_token_all_the_same() {
    let (issuer, verifier) = verifier().await;
    let passing = verifier.pass_preflight();
    for app in [
        Router::new().route("/x", any(handler)).layer(authenticated(&verifier).pass_preflight()),
        Router::new().route("/x", any(handler)).guard::<Authenticated>(&passing),
        GuardedRouter::new()
            .route("/x", route!(get, handler))
            .guard::<Authenticated>(&verifier)
            .build()
            .unwrap()
            .router,
    ] {
        let with = |line| [&PREFLIGHT[..], &[line]].concat();
        for (lines, body) in [
            (vec![], ""),
            (PREFLIGHT[..1].to_vec(), ""),
            (PREFLIGHT[1..].to_vec(), ""),
            // With a body in any form. A body in HTTP/2 needs no header.
            (PREFLIGHT.to_vec(), "a"),
            (with(("content-length", "1")), ""),
            (with(("content-length", "0x")), ""),
            (with(("transfer-encoding", "chunked")), ""),
        ] {
            let (status, headers) = ask(&app, "/x", &lines, body).await;
            assert_eq!((status, headers.contains_key(RAN)), (401, false), "{lines:?} {body:?}");
        }
        // A token must be valid if there is one.
        assert_eq!(ask(&app, "/x", &with(("authorization", "Bearer a.b.c")), "").await.0, 401);
        assert_eq!(ask(&app, "/x", &with(("authorization", "Bearer")), "").await.0, 400);
        let good = format!("Bearer {}", issuer.token("alice").audience("api").mint());
        assert_ne!(ask(&app, "/x", &with(("authorization", &good)), "").await.0, 401);
    }
}

/// Ways to route `/x`, with `true` if no handler accepts `OPTIONS`.
fn guarded_routers() -> [(&'static str, Make, bool); 10] {
    fn new() -> GuardedRouter {
        GuardedRouter::new()
    }
    [
        ("get", || new().route("/x", route!(get, handler)), true),
        ("get and post", || new().route("/x", route!(get, handler)).route("/x", route!(post, handler)), true),
        ("routes!", || new().routes(routes!(documented)), true),
        ("any", || new().route("/x", route!(any, handler)), false),
        ("get and any", || new().route("/x", route!(get, handler)).route("/x", route!(any, handler)), false),
        ("options", || new().route("/x", route!(options, handler)), false),
        (
            "get and options",
            || new().merge(new().route("/x", route!(options, handler))).routes(routes!(documented)),
            false,
        ),
        // More methods than the document names.
        ("routes! and options", || new().routes(routes!(documented)).route("/x", route!(options, handler)), false),
        ("routes! and any", || new().routes(routes!(documented)).route("/x", route!(any, handler)), false),
        ("any and routes!", || new().route("/x", route!(any, handler)).routes(routes!(documented)), false),
    ]
}

/// Without `OPTIONS` and `any` at a path, only CORS or the 405 can answer. So the guard passes the request on.
#[tokio::test]
async fn a_guarded_router_hands_preflight_requests_on_where_no_handler_takes_them() {
    let (_issuer, verifier) = verifier().await;
    let new = GuardedRouter::<()>::new;
    let guard = |router: GuardedRouter| router.guard::<Authenticated>(&verifier);
    let build = |router: GuardedRouter| router.build().unwrap().router;
    for (name, router, is_handed_on) in guarded_routers() {
        // Other paths have no influence on this one.
        let router = || router().route("/y", route!(any, handler)).route("/", route!(get, handler));
        let cases =
            [("CORS inside", guard(router().layer(cors())), Answered), ("no CORS", guard(router()), NotAllowed)];
        for (order, guarded, handed_on) in cases {
            let expected = if is_handed_on { handed_on } else { Refused };
            let app = build(guarded);
            assert_eq!(preflight(&app, "/x").await, expected, "{name}, {order}");
            assert_eq!(preflight(&app, "/y").await, Refused, "{name}, {order}");
            assert_ne!(preflight(&app, "/").await, Refused, "{name}, {order}");
            // At any place in the application.
            for (path, app) in [
                ("/n/x", Router::new().nest("/n", app.clone())),
                ("/n/m/x", Router::new().nest("/n", Router::new().nest("/{m}", app.clone()))),
                ("/n/x", Router::new().nest_service("/n", app.clone())),
                ("/x", Router::new().merge(app.clone())),
                ("/x", Router::new().fallback_service(app)),
            ] {
                assert_eq!(preflight(&app, path).await, expected, "{name}, {order}, {path}");
            }
        }
        // Guards and CORS at any depth.
        for (shape, guarded) in [
            ("guard outside of the nesting", guard(new().nest("/n", router().layer(cors())))),
            ("guard inside of the nesting", new().nest("/n", guard(router().layer(cors())))),
            ("guards on both sides", guard(new().nest("/n", guard(router().layer(cors()))))),
            ("CORS between guards", guard(new().nest("/n", guard(router()).layer(cors())))),
            ("CORS outside of the nesting", guard(new().nest("/n", router()).layer(cors()))),
            ("merged", guard(new().merge(new().nest("/n", router().layer(cors()))))),
            ("with a state", guard(new().nest("/n", router().layer(cors()))).with_state(())),
        ] {
            let expected = if is_handed_on { Answered } else { Refused };
            assert_eq!(preflight(&build(guarded), "/n/x").await, expected, "{name}, {shape}");
        }
        let outside = build(guard(router()).layer(cors()));
        assert_eq!(preflight(&outside, "/x").await, Answered, "{name}, CORS outside");
    }
    // CORS on the methods of one path.
    let inside = new().routes(routes!(documented).layer(cors()));
    assert_eq!(preflight(&build(guard(inside)), "/x").await, Answered);
    // If a catch-all route calls the router, the route is unknown.
    let app = build(guard(new().route("/x", route!(get, handler)).route("/x/x", route!(any, handler))));
    for outer in ["/{*path}", "/x", "/{x}"] {
        let app = Router::new().route(outer, any_service(app.clone()));
        assert_eq!(preflight(&app, "/x").await, Refused, "{outer}");
    }
    // Fallbacks are not routes. Other guards and layers in a guarded router keep their behaviour.
    let plain = new().route("/x", route!(get, handler).guard::<Authenticated>(&verifier));
    assert_eq!(preflight(&build(plain), "/x").await, Refused);
    let plain = new().route("/x", route!(get, handler).public()).layer(authenticated(&verifier));
    assert_eq!(preflight(&build(plain), "/x").await, Refused);
    let fallback = new().fallback(route!(any, handler).guard::<Authenticated>(&verifier));
    assert_eq!(preflight(&build(fallback), "/x").await, Refused);
}

#[tokio::test]
async fn a_refused_preflight_request_is_logged_once_for_each_route_with_what_to_do() {
    let (_issuer, verifier) = verifier().await;
    let routes = || Router::new().route("/x/{id}", get(handler)).route("/y", get(handler));
    for app in [
        routes().layer(authenticated(&verifier)),
        routes().guard::<Authenticated>(&verifier),
        GuardedRouter::<()>::new()
            .route("/x/{id}", route!(any, handler))
            .route("/y", route!(options, handler))
            .guard::<Authenticated>(&verifier)
            .build()
            .unwrap()
            .router,
    ] {
        let journal = Journal::start();
        for path in ["/x/1", "/x/2", "/y", "/x/1", "/y"] {
            assert_eq!(preflight(&app, path).await, Refused);
        }
        // Not a preflight request.
        assert_eq!(ask(&app, "/y", &[], "").await.0, 401);
        let log = journal.take();
        let lines: Vec<_> = log.lines().filter(|line| line.contains("preflight")).collect();
        assert_eq!(lines.len(), 2, "{log}");
        for (line, route) in lines.iter().zip(["\"/x/{id}\"", "\"/y\""]) {
            let told = ["WARN", route, "`CorsLayer` outside", "`.pass_preflight()`"];
            assert!(told.iter().all(|text| line.contains(text)), "{line}");
        }
    }
}

/// A service with another body type.
#[tokio::test]
async fn a_service_that_is_no_router_gets_no_preflight_request_either() {
    let (_issuer, verifier) = verifier().await;
    let service = service_fn(async |_: Request<u8>| Ok::<_, Infallible>(Response::new(String::new())));
    let request = || {
        let request = Request::builder().method("OPTIONS").header("origin", PAGE);
        request.header("access-control-request-method", "GET").body(7).unwrap()
    };
    let refused = authenticated(&verifier).layer(service).oneshot(request()).await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let passed = authenticated(&verifier).pass_preflight().layer(service).oneshot(request()).await.unwrap();
    assert_eq!(passed.status(), StatusCode::OK);
}
