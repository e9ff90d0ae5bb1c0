//! `Cache-Control`: caches store no rejections, and shared caches no responses to authenticated callers.

use axum::Router;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use countersign::keys::IssuerKeys;
use countersign::openapi::PublicExt;
use countersign::policy::{Audience, Issuer};
use countersign::providers::Oidc;
use countersign::{
    Authenticated, CurrentUser, GuardExt, GuardedRouter, Principal, Rejection, RequireGroups, Source, Verifier,
    authenticated, route, routes,
};
use countersign_testing::TestIssuer;
use countersign_tests::{UnreachableProvider, send};

countersign::groups! { Admin = "admin"; }

const API: &str = "api";

struct World {
    issuer: TestIssuer,
    verifier: Verifier,
}

impl World {
    async fn new() -> Self {
        let issuer = TestIssuer::start().await.unwrap();
        let verifier = Verifier::builder()
            .issuer(Oidc::issuer(issuer.url()).audience(API))
            .sources([Source::authorization(), Source::cookie("s"), Source::header("x-token")])
            .build()
            .await
            .unwrap();
        Self { issuer, verifier }
    }

    fn token(&self) -> String {
        self.issuer.token("alice").audience(API).mint()
    }
}

async fn ask(app: &Router, method: &str, path: &str, lines: &[(&str, &str)]) -> (u16, Option<String>, HeaderMap) {
    let response = send(app, method, path, lines).await;
    let mut values = response.headers.get_all(CACHE_CONTROL).iter();
    let value = values.next().map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(values.next(), None, "two of them");
    (response.status, value, response.headers.clone())
}

fn everywhere(verifier: &Verifier) -> Router {
    let guarded = Router::new().route("/guard", any(async || ())).guard::<RequireGroups<Admin>>(verifier);
    let layered = Router::new().route("/layer", any(async || ())).layer(authenticated(verifier));
    Router::new()
        .route("/user", any(async |_: CurrentUser| ()))
        .route("/require", any(async |_: RequireGroups<Admin>| ()))
        .route("/optional", any(async |_: Option<Principal>| ()))
        .with_state(verifier.clone())
        .merge(guarded)
        .merge(layered)
}

#[tokio::test]
async fn no_cache_keeps_a_refusal() {
    let world = World::new().await;
    let good = world.token();
    let down =
        Issuer::new(world.issuer.url(), IssuerKeys::fetched(UnreachableProvider)).audience(Audience::any_of([API]));
    let down = Verifier::builder().issuer(down).build().await.unwrap();
    let bearer = format!("Bearer {good}");
    let all = &["/user", "/require", "/guard", "/layer"][..];
    for (verifier, paths, line, status) in [
        (&world.verifier, all, ("x", "y"), 401),
        (&world.verifier, all, ("authorization", "Bearer a.b.c"), 401),
        (&world.verifier, all, ("authorization", "Bearer"), 400),
        (&world.verifier, all, ("cookie", "s=a.b.c"), 403),
        (&world.verifier, &["/optional"], ("x-token", "a.b.c"), 401),
        (&world.verifier, &["/require", "/guard"], ("authorization", &bearer), 403),
        (&down, all, ("authorization", &bearer), 503),
    ] {
        let own = verifier.on_rejection(|rejection: &Rejection| (rejection.status(), "no"));
        let other = verifier.on_rejection(|_: &Rejection| StatusCode::NOT_FOUND);
        let set = verifier.on_rejection(|rejection: &Rejection| (rejection.status(), [(CACHE_CONTROL, "max-age=5")]));
        for (verifier, status, expected) in [
            (verifier, status, "no-store"),
            (&own, status, "no-store"),
            (&other, 404, "no-store"),
            (&set, status, "max-age=5"),
        ] {
            for path in paths {
                let (got, value, _) = ask(&everywhere(verifier), "POST", path, &[line]).await;
                assert_eq!((got, value.as_deref()), (status, Some(expected)), "{path} {line:?}");
            }
        }
    }
    // A gRPC call as well.
    let (_, value, headers) =
        ask(&everywhere(&world.verifier), "POST", "/layer", &[("content-type", "application/grpc")]).await;
    assert_eq!((value.as_deref(), headers["grpc-status"].to_str().unwrap()), (Some("no-store"), "16"));
}

async fn plain() -> &'static str {
    "plain"
}

async fn own() -> Response {
    ([(CACHE_CONTROL, "public, max-age=60")], "own").into_response()
}

#[utoipa::path(get, path = "/known")]
async fn known(_: Principal) -> &'static str {
    "known"
}

#[utoipa::path(post, path = "/known")]
async fn known_post(_: Principal) {}

#[utoipa::path(get, path = "/optional")]
async fn optional(_: Option<Principal>) {}

#[utoipa::path(get, path = "/prices")]
async fn prices() {}

#[utoipa::path(post, path = "/prices")]
async fn set_price(_: CurrentUser) {}

#[utoipa::path(get, path = "/whoever")]
async fn whoever(user: Result<CurrentUser, Rejection>) -> String {
    user.map_or("nobody".to_owned(), |CurrentUser(claims)| claims["sub"].to_string())
}

async fn own_of(_: Principal) -> Response {
    own().await
}

#[tokio::test]
async fn an_answer_to_a_caller_is_private_unless_the_application_says_something_else() {
    let world = World::new().await;
    let verifier = &world.verifier;
    let routes = || Router::new().route("/plain", get(plain)).route("/own", get(own)).route("/livez", get(plain));
    let guarded_router = GuardedRouter::new()
        .routes(routes!(known))
        .routes(routes!(known_post))
        .routes(routes!(optional))
        .routes(routes!(prices, set_price).public())
        .routes(routes!(whoever).public())
        .route("/whoever/else", route!(any, whoever).public())
        .route("/own", route!(get, own_of))
        .route("/livez", route!(get, plain).public())
        .nest("/guard", GuardedRouter::new().route("/plain", route!(get, plain)).guard::<Authenticated>(verifier))
        .fallback(route!(any, own_of))
        .with_state(verifier.clone())
        .build()
        .unwrap()
        .router;
    let layer = routes().fallback(plain).layer(authenticated(verifier).except(["/livez"]));
    let guard = routes().guard::<Authenticated>(verifier);
    let token = world.token();
    let (bearer, cookie) = (format!("Bearer {token}"), format!("s={token}"));
    let credentials = [("authorization", &*bearer), ("cookie", &cookie), ("x-token", &token)];
    let (private, public) = (Some("private"), Some("public, max-age=60"));
    for (name, app, path, with, without) in [
        ("layer", &layer, "/plain", private, Some("no-store")),
        ("layer", &layer, "/own", public, Some("no-store")),
        ("layer", &layer, "/elsewhere", private, Some("no-store")),
        // On an exception, a request with a token has a caller.
        ("layer", &layer, "/livez", private, None),
        ("guard", &guard, "/plain", private, Some("no-store")),
        ("guard", &guard, "/own", public, Some("no-store")),
        ("guard", &guard, "/elsewhere", None, None),
        // Extractors alone, in a guarded router.
        ("guarded router", &guarded_router, "/known", private, Some("no-store")),
        ("guarded router", &guarded_router, "/optional", private, private),
        ("guarded router", &guarded_router, "/own", public, Some("no-store")),
        ("guarded router", &guarded_router, "/guard/plain", private, Some("no-store")),
        ("guarded router", &guarded_router, "/elsewhere", public, Some("no-store")),
        // Public, with different content for each caller.
        ("guarded router", &guarded_router, "/whoever", private, private),
        ("guarded router", &guarded_router, "/whoever/else", private, private),
        // No handler reads a token.
        ("guarded router", &guarded_router, "/livez", None, None),
        ("guarded router", &guarded_router, "/prices", None, None),
    ] {
        for method in ["GET", "HEAD"] {
            for line in credentials {
                let (_, value, headers) = ask(app, method, path, &[line]).await;
                assert_eq!(value.as_deref(), with, "{name}: {method} {path} {line:?}");
                assert!(!headers.contains_key("vary"));
            }
            assert_eq!(ask(app, method, path, &[]).await.1.as_deref(), without, "{name}: {method} {path}");
        }
    }
    let (status, value, _) = ask(&guarded_router, "POST", "/prices", &credentials[..1]).await;
    assert_eq!((status, value.as_deref()), (200, private), "the operation of the same path that knows its caller");
}

/// An unknown key makes a request wait, which is another code path.
#[tokio::test]
async fn the_first_answer_after_a_rotation_is_private_too() {
    for lay in [
        |router: Router, verifier: &Verifier| router.layer(authenticated(verifier)),
        |router: Router, verifier: &Verifier| router.guard::<Authenticated>(verifier),
    ] {
        let world = World::new().await;
        let app = lay(Router::new().route("/plain", get(plain)), &world.verifier);
        world.issuer.rotate();
        let bearer = format!("Bearer {}", world.token());
        assert_eq!(ask(&app, "GET", "/plain", &[("authorization", &bearer)]).await.1.as_deref(), Some("private"));
    }
}
