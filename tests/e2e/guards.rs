//! Guards on routes and the guarded router, with their documents and matrices.

use axum::body::Body;
use axum::extract::{Path, Query};
use axum::http::{Method, Request, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use countersign::openapi::{Matrix, PublicExt};
use countersign::providers::Oidc;
use countersign::requirement::{Expr, Marker};
use countersign::{
    All, AllOf, Any, AnyOf, Authenticated, CurrentUser, Group, GuardExt, GuardedRouter, Principal, Require,
    RequireGroups, RequireScopes, Requirement, Role, Scope, Verifier, route, routes,
};
use countersign_testing::{AccessTest, TestIssuer};
use std::sync::{Arc, Mutex};
use tower::ServiceExt;
use utoipa_axum::router::OpenApiRouter;

countersign::scopes! {
    Read = "read";
    Write = "write" implies Read;
    Own = "own" implies Write;
}
countersign::groups! { Admin = "admin"; Staff = "staff"; }
countersign::roles! { Author = "author"; }

/// A custom requirement of a team.
type Editor = AnyOf<(Group<Admin>, AllOf<(Role<Author>, Scope<Write>)>)>;

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

    async fn status(&self, app: &Router, method: Method, path: &str, groups: Option<&[&str]>) -> u16 {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(groups) = groups {
            let token = self.issuer.token("alice").audience(API).groups(groups.iter().copied()).mint();
            request = request.header("authorization", format!("Bearer {token}"));
        }
        app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status().as_u16()
    }
}

async fn strict(Path(_): Path<u32>, Query(_): Query<Vec<(String, u32)>>, Json(_): Json<u32>) {}

#[tokio::test]
async fn a_guard_on_a_route_runs_before_every_extractor() {
    let world = World::new().await;
    let methods: Router = Router::new().route("/{id}", post(strict).guard::<RequireGroups<Admin>>(&world.verifier));
    let router: Router = Router::new().route("/{id}", post(strict)).guard::<Group<Admin>>(&world.verifier);
    for app in [methods, router] {
        for path in ["/1", "/x"] {
            assert_eq!(world.status(&app, Method::POST, path, None).await, 401);
            assert_eq!(world.status(&app, Method::POST, path, Some(&["staff"])).await, 403);
        }
        assert_eq!(world.status(&app, Method::POST, "/x", Some(&["admin"])).await, 400);
        assert_eq!(world.status(&app, Method::POST, "/1", Some(&["admin"])).await, 415);
    }
}

#[utoipa::path(get, path = "/me")]
async fn me(_: CurrentUser) {}

#[utoipa::path(get, path = "/staff", description = "By hand.")]
async fn staff(_: RequireGroups<Staff>) {}

#[utoipa::path(get, path = "/forgotten")]
async fn forgotten() {}

#[utoipa::path(post, path = "/me")]
async fn edit(_: Require<Editor>) {}

async fn open() {}

fn row(matrix: &Matrix, method: &str, path: &str) -> String {
    let row = matrix.rows().iter().find(|row| row.method == method && row.path == path);
    row.unwrap_or_else(|| panic!("{method} {path} is not in\n{}", matrix.to_text())).access.to_string()
}

#[tokio::test]
async fn a_guard_on_a_router_and_one_on_a_handler_add_up_in_the_document_too() {
    let world = World::new().await;
    let router = OpenApiRouter::new()
        .routes(routes!(me).into())
        .routes(routes!(staff).guard::<RequireScopes<Read>>(&world.verifier).into())
        .guard::<RequireGroups<Admin>>(&world.verifier);
    let matrix = Matrix::claimed_by(router.get_openapi());
    assert_eq!(row(&matrix, "GET", "/me"), "group `admin`");
    let all = "group `staff` and scope `read` (implied by `write`, `own`) and group `admin`";
    assert_eq!(row(&matrix, "GET", "/staff"), all);

    let json = serde_json::to_value(router.get_openapi()).unwrap();
    let operation = &json["paths"]["/staff"]["get"];
    assert_eq!(operation["description"], format!("By hand.\n\nRequires {all}."));
    assert_eq!(
        operation["security"],
        serde_json::json!([{"bearerAuth":["read"]},{"bearerAuth":["write"]},{"bearerAuth":["own"]}])
    );
    assert_eq!(operation["x-access"]["all"].as_array().unwrap().len(), 3);

    let (app, _) = router.with_state(world.verifier.clone()).split_for_parts();
    assert_eq!(world.status(&app, Method::GET, "/me", Some(&["staff"])).await, 403);
    AccessTest::new(&world.issuer, API).run(&app, &matrix).await;
}

#[tokio::test]
async fn a_guarded_router_names_every_undecided_route_at_once() {
    let world = World::new().await;
    let inner = GuardedRouter::<Verifier>::new()
        .routes(routes!(forgotten))
        .route("/", route!(get, open))
        .route("/livez", route!(get, open).public());
    let router = GuardedRouter::new()
        .routes(routes!(me, edit))
        .nest("/inner", inner)
        .merge(GuardedRouter::new().route("/merged", route!(delete, open)))
        .fallback(route!(any, open));
    let undecided = router.build().unwrap_err();
    assert_eq!(
        undecided.to_string(),
        "nobody has decided who may call ANY /*, GET /inner, GET /inner/forgotten, DELETE /merged: guard each of them, \
         or declare it `.public()`"
    );

    let inner = GuardedRouter::<Verifier>::new()
        .routes(routes!(forgotten))
        .route("/", route!(get, open))
        .guard::<Authenticated>(&world.verifier)
        .route("/livez", route!(get, open).public());
    let router = GuardedRouter::new()
        .routes(routes!(me, edit))
        .nest("/inner", inner)
        .merge(GuardedRouter::new().route("/merged", route!(delete, open).guard::<Editor>(&world.verifier)))
        .fallback(route!(any, open).public());
    let guarded = router.with_state(world.verifier.clone()).build().unwrap();
    assert_eq!(
        guarded.matrix.to_text(),
        "ANY     /*                public  (undocumented)\n\
         GET     /inner            a valid access token  (undocumented)\n\
         GET     /inner/forgotten  a valid access token\n\
         GET     /inner/livez      public  (undocumented)\n\
         GET     /me               a valid access token\n\
         POST    /me               group `admin` or (role `author` and scope `write` (implied by `own`))\n\
         DELETE  /merged           group `admin` or (role `author` and scope `write` (implied by `own`))  (undocumented)\n"
    );
    AccessTest::new(&world.issuer, API).run(&guarded.router, &guarded.matrix).await;

    // HEAD is GET under the same guard; OPTIONS reaches no handler.
    for path in ["/me", "/inner", "/inner/forgotten"] {
        assert_eq!(world.status(&guarded.router, Method::HEAD, path, None).await, 401, "{path}");
        assert_eq!(world.status(&guarded.router, Method::HEAD, path, Some(&[])).await, 200, "{path}");
        let options = world.status(&guarded.router, Method::OPTIONS, path, None).await;
        assert!([401, 405].contains(&options), "{path}: {options}");
    }
    assert_eq!(guarded.matrix.to_json()[5]["access"]["any"][1]["all"][1]["impliedBy"], serde_json::json!(["own"]));
}

#[tokio::test]
async fn an_access_test_notices_a_guard_that_is_not_there() {
    let world = World::new().await;
    let said = GuardedRouter::new().routes(routes!(staff)).with_state::<()>(world.verifier.clone()).build().unwrap();
    let enforced: Router = Router::new().route("/staff", get(open));
    // A panic in a separate task is an error of that task.
    let failure = tokio::spawn(async move { AccessTest::new(&world.issuer, API).run(&enforced, &said.matrix).await });
    let panic = failure.await.expect_err("the app enforces nothing").into_panic();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("GET /staff (group `staff`), no token: the handler ran (200 OK)"), "{message}");
}

#[tokio::test]
async fn a_requirement_can_be_asked_inside_a_handler() {
    enum OnSundays {}
    impl Requirement for OnSundays {
        fn check(principal: &countersign_core::Principal) -> bool {
            principal.subject() == "sunday"
        }
        fn describe() -> Expr {
            Expr::Custom("on Sundays".into())
        }
    }
    let world = World::new().await;
    let verify = async |token: String| world.verifier.verify(&token).await.unwrap();
    let token = |subject: &str| world.issuer.token(subject).audience(API);

    let own = verify(token("alice").scopes(["own"]).mint()).await;
    assert!(Scope::<Read>::check(own.principal()) && RequireScopes::<All, (Read, Write)>::check(own.principal()));
    let read = verify(token("alice").scopes(["read"]).mint()).await;
    assert!(!Scope::<Write>::check(read.principal()) && RequireScopes::<Any, (Read, Write)>::check(read.principal()));
    assert!(AnyOf::<(OnSundays, Scope<Own>)>::check(verify(token("sunday").mint()).await.principal()));
    assert_eq!(<Read as Marker<countersign_core::Scopes>>::IMPLIED_BY, ["write", "own"]);
    assert_eq!(AllOf::<(OnSundays, Group<Admin>)>::describe().to_string(), "on Sundays and group `admin`");
}

#[utoipa::path(get, path = "/late/{id}")]
async fn late(Path(_id): Path<u32>, _: Principal) {}

#[utoipa::path(get, path = "/early/{id}")]
async fn early(_: Method, _: Principal, Path(_id): Path<u32>) {}

#[test]
fn a_guard_behind_an_argument_that_can_refuse_is_reported_with_the_handlers_name() {
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    tracing::subscriber::with_default(subscriber, || {
        let _: OpenApiRouter<Verifier> =
            OpenApiRouter::new().routes(routes!(late).into()).routes(routes!(early).into());
    });
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("WARN") && log.contains("\"late\"") && !log.contains("early"), "{log}");
}

#[tokio::test]
async fn a_status_of_the_handlers_own_is_no_refusal() {
    async fn forbidding() -> StatusCode {
        StatusCode::FORBIDDEN
    }
    let world = World::new().await;
    let guarded = GuardedRouter::<()>::new().route("/", route!(get, forbidding).public()).build().unwrap();
    assert_eq!(AccessTest::new(&world.issuer, API).run(&guarded.router, &guarded.matrix).await, 2);
}

mod same_path {
    #[utoipa::path(get, path = "/x")]
    pub(super) async fn read() {}

    #[utoipa::path(post, path = "/x")]
    pub(super) async fn write() {}

    #[utoipa::path(get, path = "/y")]
    pub(super) async fn elsewhere() {}
}

#[tokio::test]
async fn an_undecided_route_is_found_wherever_the_document_would_lose_it() {
    let world = World::new().await;
    let read = || GuardedRouter::<()>::new().routes(routes!(same_path::read));
    let write =
        || GuardedRouter::new().routes(routes!(same_path::write).guard::<RequireGroups<Admin>>(&world.verifier));
    for (router, path) in [
        (GuardedRouter::new().nest("/api", read()).nest("/api", write()), "/api/x"),
        (GuardedRouter::new().nest("/api", write()).nest("/api", read()), "/api/x"),
        (read().merge(write()), "/x"),
    ] {
        let undecided = router.build().unwrap_err();
        assert_eq!(
            undecided.routes().iter().map(|row| (&*row.method, &*row.path)).collect::<Vec<_>>(),
            [("GET", path)]
        );
    }

    // A document that lists unrouted handlers has no effect.
    #[derive(utoipa::OpenApi)]
    #[openapi(paths(same_path::read, same_path::elsewhere))]
    struct ApiDoc;
    let early = GuardedRouter::with_openapi(<ApiDoc as utoipa::OpenApi>::openapi())
        .merge(write())
        .guard::<RequireGroups<Staff>>(&world.verifier)
        .routes(routes!(same_path::read));
    assert_eq!(early.matrix().to_text(), "GET   /x  undecided\nPOST  /x  group `admin` and group `staff`\n");
    assert!(early.build().is_err());
}

#[tokio::test]
async fn operations_of_one_path_keep_their_own_rules_in_the_document() {
    let world = World::new().await;
    #[derive(utoipa::OpenApi)]
    #[openapi(paths(same_path::read), security(("other" = [])))]
    struct ApiDoc;
    let guarded = GuardedRouter::<()>::with_openapi(<ApiDoc as utoipa::OpenApi>::openapi())
        .nest(
            "/api",
            GuardedRouter::new().routes(routes!(same_path::read).guard::<RequireGroups<Staff>>(&world.verifier)),
        )
        .nest(
            "/api",
            GuardedRouter::new().routes(routes!(same_path::write).guard::<RequireGroups<Admin>>(&world.verifier)),
        )
        .routes(routes!(same_path::read).public())
        .routes(routes!(same_path::elsewhere).guard::<Authenticated>(&world.verifier))
        .build()
        .unwrap();
    let json = serde_json::to_value(&guarded.openapi).unwrap();
    assert_eq!(json["paths"]["/api/x"]["get"]["x-access"], serde_json::json!({"group":"staff"}));
    assert_eq!(json["paths"]["/api/x"]["post"]["x-access"], serde_json::json!({"group":"admin"}));
    assert_eq!(json["paths"]["/y"]["get"]["x-access"], "authenticated");
    assert!(json["paths"]["/y"]["get"]["responses"]["403"].is_null(), "nobody with a good token is refused");
    // A public route in a document with a global security requirement.
    assert_eq!(json["paths"]["/x"]["get"]["security"], serde_json::json!([]));
    AccessTest::new(&world.issuer, API).run(&guarded.router, &guarded.matrix).await;
}

#[utoipa::path(get, path = "/kept")]
async fn kept(_: Result<RequireGroups<Admin>, countersign::Rejection>) {}

#[test]
fn a_handler_that_keeps_the_rejection_to_itself_is_undecided() {
    assert!(GuardedRouter::<Verifier>::new().routes(routes!(kept)).build().is_err());
}

#[test]
#[should_panic = "`routes!` takes handlers of one path"]
fn handlers_of_two_paths_in_one_call_are_refused() {
    let _: GuardedRouter = GuardedRouter::new().routes(routes!(same_path::read, same_path::elsewhere));
}
