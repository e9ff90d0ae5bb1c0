//! Several verifiers in one application, nested routers, routers without state.

use axum::Router;
use axum::body::Body;
use axum::extract::FromRef;
use axum::http::Request;
use axum::routing::get;
use countersign::access::Access;
use countersign::providers::Oidc;
use countersign::requirement::Expr;
use countersign::{
    Authenticated, By, CurrentUser, GuardExt, GuardedRouter, Principal, RequireGroups, Verifier, VerifierFor,
    authenticated, routes,
};
use countersign_testing::{AccessTest, TestIssuer};
use std::sync::Arc;
use tower::ServiceExt;

countersign::groups! { Operators = "operators"; }

const API: &str = "api";

/// The API for staff, with its own issuer.
enum Staff {}

#[derive(Clone, FromRef)]
struct AppState {
    customers: Verifier,
    staff: VerifierFor<Staff>,
}

#[utoipa::path(get, path = "/me")]
async fn me(principal: Principal) -> String {
    principal.subject().to_owned()
}

#[utoipa::path(get, path = "/restart")]
async fn restart(_: By<Staff, RequireGroups<Operators>>, By(CurrentUser(claims), _): By<Staff, CurrentUser>) -> String {
    claims["sub"].to_string()
}

async fn maybe(By(user, _): By<Staff, Option<Principal>>) -> String {
    user.map_or("nobody".to_owned(), |user| user.subject().to_owned())
}

async fn verifier(issuer: &TestIssuer) -> Verifier {
    Verifier::builder().issuer(Oidc::issuer(issuer.url()).audience(API)).build().await.unwrap()
}

fn bearer(issuer: &TestIssuer) -> String {
    format!("Bearer {}", issuer.token("alice").audience(API).groups(["operators"]).mint())
}

async fn status(app: &Router, path: &str, bearer: &str) -> u16 {
    let request = Request::builder().uri(path).header("authorization", bearer).body(Body::empty()).unwrap();
    app.clone().oneshot(request).await.unwrap().status().as_u16()
}

#[tokio::test]
async fn verifiers_of_one_state_are_told_apart_by_type() {
    let (customers, staff) = (TestIssuer::start().await.unwrap(), TestIssuer::start().await.unwrap());
    for without_cache in [false, true] {
        let build = async |issuer: &TestIssuer| {
            let builder = Verifier::builder().issuer(Oidc::issuer(issuer.url()).audience(API));
            if without_cache { builder.without_cache() } else { builder }.build().await.unwrap()
        };
        let state = AppState { customers: build(&customers).await, staff: VerifierFor::new(build(&staff).await) };
        let both = get(async |_: Principal, _: By<Staff, Principal>| ());
        let app = Router::new()
            .route("/me", get(me))
            .route("/restart", get(restart))
            .route("/maybe", get(maybe))
            .route("/both", both)
            .with_state(state);
        for (path, by_customer, by_staff) in
            [("/me", 200, 401), ("/restart", 401, 200), ("/maybe", 401, 200), ("/both", 401, 401)]
        {
            assert_eq!(status(&app, path, &bearer(&customers)).await, by_customer, "{path}");
            assert_eq!(status(&app, path, &bearer(&staff)).await, by_staff, "{path}");
        }
    }
}

/// The advice of the compiler's message, followed for a state in an `Arc`.
#[tokio::test]
async fn a_state_in_an_arc_gives_its_verifier() {
    let (customers, staff) = (TestIssuer::start().await.unwrap(), TestIssuer::start().await.unwrap());
    let staff_verifier = VerifierFor::new(verifier(&staff).await);
    let state = Arc::new(AppState { customers: verifier(&customers).await, staff: staff_verifier });
    let app = Router::new().route("/me", get(me)).route("/restart", get(restart)).with_state(state);
    for (path, by_customer, by_staff) in [("/me", 200, 401), ("/restart", 401, 200)] {
        assert_eq!(status(&app, path, &bearer(&customers)).await, by_customer, "{path}");
        assert_eq!(status(&app, path, &bearer(&staff)).await, by_staff, "{path}");
    }
}

/// `By` has the same document, matrix and negative tests as the extractor inside.
#[tokio::test]
async fn a_named_verifier_is_documented_and_tested_like_any_other() {
    let (customers, staff) = (TestIssuer::start().await.unwrap(), TestIssuer::start().await.unwrap());
    let state = AppState { customers: verifier(&customers).await, staff: VerifierFor::new(verifier(&staff).await) };
    let router = GuardedRouter::<AppState>::new().routes(routes!(restart));
    let guarded = router.with_state(state).build().unwrap();
    assert_eq!(guarded.matrix.rows()[0].access, Access::Required(vec![Expr::group("operators")]));
    AccessTest::new(&staff, API).run(&guarded.router, &guarded.matrix).await;
}

/// Routers with the state `()`, whose guards and layers have their verifier.
#[tokio::test]
async fn routers_without_state_are_guarded_too() {
    let issuer = TestIssuer::start().await.unwrap();
    let verifier = verifier(&issuer).await;
    let stateless: Router<()> = Router::new().route("/a", get(async || ()));
    let app = Router::new()
        .merge(stateless.clone().guard::<Authenticated>(&verifier))
        .nest("/layer", stateless.clone().layer(authenticated(&verifier)))
        .nest("/extractor", Router::new().route("/a", get(me)).with_state(verifier));
    for path in ["/a", "/layer/a", "/extractor/a"] {
        assert_eq!(status(&app, path, "").await, 401, "{path}");
        assert_eq!(status(&app, path, &bearer(&issuer)).await, 200, "{path}");
    }
}

/// The state may come before or after nesting, merging and layers.
#[tokio::test]
async fn the_order_of_state_nesting_and_layers_changes_nothing() {
    let issuer = TestIssuer::start().await.unwrap();
    let verifier = verifier(&issuer).await;
    let routes = || Router::<Verifier>::new().route("/me", get(me));
    let apps: [Router; 6] = [
        Router::new().nest("/v1", routes()).with_state(verifier.clone()),
        Router::new().nest("/v1", routes().with_state(verifier.clone())),
        Router::new().nest("/v1", Router::new().merge(routes())).with_state(verifier.clone()),
        Router::new().nest("/v1", routes().guard::<Authenticated>(&verifier)).with_state(verifier.clone()),
        Router::new().nest("/v1", routes()).with_state(verifier.clone()).layer(authenticated(&verifier)),
        Router::new().nest_service("/v1", routes().with_state(verifier.clone())),
    ];
    for app in apps {
        assert_eq!(status(&app, "/v1/me", "").await, 401);
        assert_eq!(status(&app, "/v1/me", &bearer(&issuer)).await, 200);
    }
}
