//! Several extractors in one handler: one verification, shared claims, and a consistent document.

use axum::body::Body;
use axum::extract::FromRef;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use axum::{Extension, Router};
use countersign::access::Access;
use countersign::providers::Oidc;
use countersign::verified::Claims;
use countersign::{CurrentUser, Principal, RequireGroups, RequireScopes, Verifier};
use countersign_core::{Clock, SystemClock, UnixTime};
use countersign_testing::TestIssuer;
use serde::Deserialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tower::ServiceExt;

countersign::scopes! { Read = "read"; }
countersign::groups! { Admin = "admin"; }

/// Counts verifications, since each reads the time once.
#[derive(Debug, Default)]
struct CountingClock(AtomicUsize);

impl Clock for CountingClock {
    fn now(&self) -> UnixTime {
        self.0.fetch_add(1, Ordering::SeqCst);
        SystemClock.now()
    }
}

#[derive(Clone)]
struct AppState {
    verifier: Verifier,
}

impl FromRef<AppState> for Verifier {
    fn from_ref(state: &AppState) -> Self {
        state.verifier.clone()
    }
}

#[derive(Deserialize)]
struct Email {
    email: String,
}

async fn verifier(issuer: &TestIssuer, clock: &Arc<CountingClock>) -> Verifier {
    let clock: Arc<dyn Clock> = Arc::clone(clock) as _;
    let provider = Oidc::issuer(issuer.url()).audience("api");
    Verifier::builder().issuer(provider).clock(clock).build().await.unwrap()
}

async fn status(app: &Router, token: &str) -> StatusCode {
    let request = Request::builder().uri("/").header("authorization", format!("Bearer {token}"));
    app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
}

async fn five(
    _: RequireGroups<Admin>,
    _: RequireScopes<Read>,
    CurrentUser(claims): CurrentUser,
    CurrentUser(again): CurrentUser<Claims>,
    CurrentUser(typed): CurrentUser<Email>,
    principal: Principal,
) {
    assert!(Arc::ptr_eq(&claims, &again), "claims of one type are shared");
    assert_eq!((typed.email.as_str(), principal.subject()), ("a@example.com", "alice"));
}

#[tokio::test]
async fn several_extractors_verify_the_token_once() {
    let issuer = TestIssuer::start().await.unwrap();
    let clock = Arc::new(CountingClock::default());
    let provider = Oidc::issuer(issuer.url()).audience("api");
    let verifier =
        Verifier::builder().issuer(provider).clock(Arc::clone(&clock) as _).without_cache().build().await.unwrap();
    let app = Router::new().route("/", get(five)).with_state(AppState { verifier });
    let token = issuer.token("alice").audience("api").groups(["admin"]).scopes(["read"]);
    let token = token.claim("email", "a@example.com").mint();
    assert_eq!((status(&app, &token).await, clock.0.load(Ordering::SeqCst)), (StatusCode::OK, 1));
}

#[tokio::test]
async fn several_extractors_get_one_token_out_of_the_cache() {
    let issuer = TestIssuer::start().await.unwrap();
    let state = AppState { verifier: verifier(&issuer, &Arc::default()).await };
    let app = Router::new().route("/", get(five)).with_state(state);
    let token = issuer.token("alice").audience("api").groups(["admin"]).scopes(["read"]);
    let token = token.claim("email", "a@example.com").mint();
    assert_eq!(status(&app, &token).await, StatusCode::OK);
}

/// An admin API with another verifier in the same app. The verifiers do not share results.
#[tokio::test]
async fn two_verifiers_of_one_request_judge_apart() {
    #[derive(Clone)]
    struct Inner(Verifier);
    impl FromRef<Inner> for Verifier {
        fn from_ref(state: &Inner) -> Self {
            state.0.clone()
        }
    }
    let (outer, inner) = (TestIssuer::start().await.unwrap(), TestIssuer::start().await.unwrap());
    let clock = Arc::default();
    let outer_verifier = verifier(&outer, &clock).await;
    let nested = Router::new()
        .route("/", get(async |_: Principal| ()))
        .with_state(Inner(verifier(&inner, &clock).await))
        .layer(axum::middleware::from_extractor_with_state::<Principal, _>(outer_verifier));
    let token = outer.token("alice").audience("api").mint();
    assert_eq!(status(&nested, &token).await, StatusCode::UNAUTHORIZED);
}

/// Extensions that the application sets cannot replace a verified token.
#[tokio::test]
async fn what_other_layers_leave_in_a_request_is_not_believed() {
    let issuer = TestIssuer::start().await.unwrap();
    let verifier = verifier(&issuer, &Arc::default()).await;
    let verified = verifier.verify(&issuer.token("alice").audience("api").mint()).await.unwrap();
    let app = Router::new().route("/", get(async |_: Principal| ())).with_state(verifier).layer(Extension(verified));
    assert_eq!(status(&app, "nonsense").await, StatusCode::UNAUTHORIZED);
    let bare = Request::builder().uri("/").body(Body::empty()).unwrap();
    assert_eq!(app.oneshot(bare).await.unwrap().status(), StatusCode::UNAUTHORIZED);
}

mod documented {
    use super::*;
    use axum::extract::Path;
    use utoipa_axum::router::OpenApiRouter;

    #[utoipa::path(get, path = "/a/{id}")]
    pub(super) async fn guarded(_: RequireGroups<Admin>, Path(_id): Path<u32>, _: CurrentUser<Email>) {}

    #[utoipa::path(get, path = "/b")]
    pub(super) async fn optional(_: Option<Principal>) {}

    #[utoipa::path(get, path = "/c", responses((status = 401, description = "by hand")))]
    pub(super) async fn by_hand(_: Principal) {}

    #[utoipa::path(get, path = "/d")]
    pub(super) async fn open(_: axum::extract::Query<()>) {}

    #[utoipa::path(post, path = "/d")]
    pub(super) async fn not_open(_: RequireScopes<Read>, _: String) {}

    #[test]
    fn each_operation_says_what_its_handler_enforces() {
        let router: OpenApiRouter<AppState> = OpenApiRouter::new()
            .routes(countersign::routes!(guarded).into())
            .routes(countersign::routes!(optional).into())
            .routes(countersign::routes!(by_hand).into())
            .routes(countersign::routes!(self::open, not_open).into());
        let json = serde_json::to_value(router.into_openapi()).unwrap();
        let operation = |path: &str, method: &str| &json["paths"][path][method];
        let bearer = |scopes: &[&str]| serde_json::json!([{ "bearerAuth": scopes }]);

        assert_eq!(operation("/a/{id}", "get")["security"], bearer(&[]));
        assert!(operation("/a/{id}", "get")["responses"]["403"].is_object());
        assert_eq!(operation("/b", "get")["security"], serde_json::json!([{}, { "bearerAuth": [] }]));
        assert!(operation("/b", "get")["responses"]["403"].is_null());
        assert_eq!(operation("/c", "get")["responses"]["401"]["description"], "by hand");
        assert!(operation("/d", "get")["security"].is_null() && operation("/d", "get")["responses"]["401"].is_null());
        assert_eq!(operation("/d", "post")["security"], bearer(&["read"]));
    }
}

#[test]
fn what_arguments_demand_adds_up() {
    use countersign::access::DescribeAccess;
    use countersign::requirement::Expr;
    let group = RequireGroups::<Admin>::describe_access();
    let scope = RequireScopes::<Read>::describe_access();
    let optional = Option::<Principal>::describe_access();
    assert_eq!(
        Access::Undecided.and(optional.clone()).and(group).and(scope),
        Access::Required(vec![Expr::group("admin"), Expr::scope("read")])
    );
    assert_eq!(optional.and(Access::Undecided), Access::Optional);
}
