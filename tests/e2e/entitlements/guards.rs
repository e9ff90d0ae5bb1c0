//! Entitlements in requests: look-ups happen only for requests that need them.

use crate::directory::{Mood, World};
use axum::Router;
use axum::routing::get;
use countersign::requirement::Expr;
use countersign::{
    All, AllOf, AnyOf, CurrentUser, Group, GuardExt, Permission, Principal, Require, RequireGroups, RequirePermissions,
    RequireScopes, Requirement, Scope, Verifier, VerifierBuilder,
};
use countersign_tests::{Answer, send};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

countersign::groups! { Staff = "staff"; Admin = "admin"; }
countersign::scopes! { Read = "read"; }
countersign::permissions! { ReadItems = "items:read"; }

/// A requirement that additional groups turn from met into not met.
enum NotStaff {}

impl Requirement for NotStaff {
    fn check(principal: &countersign_core::Principal) -> bool {
        !principal.groups().contains("staff")
    }

    fn describe() -> Expr {
        Expr::Custom("no member of staff".into())
    }
}

async fn open() {}

fn guarded<R: Requirement>(verifier: &Verifier) -> Router<Verifier> {
    Router::new().route("/", get(open)).guard::<R>(verifier)
}

fn app(verifier: &Verifier) -> Router {
    let layers = Router::new()
        .nest("/staff", guarded::<Group<Staff>>(verifier))
        .nest("/admin", guarded::<Group<Admin>>(verifier))
        .nest("/scope", guarded::<Scope<Read>>(verifier))
        .nest("/authenticated", guarded::<countersign::Authenticated>(verifier))
        .nest("/either", guarded::<AnyOf<(Scope<Read>, Group<Staff>)>>(verifier))
        .nest("/custom", guarded::<NotStaff>(verifier));
    Router::new()
        .nest("/layer", layers)
        .route("/staff", get(async |_: RequireGroups<Staff>| ()))
        .route("/admin", get(async |_: RequireGroups<Admin>| ()))
        .route("/scope", get(async |_: RequireScopes<Read>| ()))
        .route("/authenticated", get(async |_: Require<countersign::Authenticated>| ()))
        .route("/either", get(async |_: Require<AnyOf<(Scope<Read>, Group<Staff>)>>| ()))
        .route("/custom", get(async |_: Require<NotStaff>| ()))
        .route("/both", get(async |_: RequirePermissions<ReadItems>, _: RequireGroups<All, (Staff,)>| ()))
        .route("/user", get(async |_: CurrentUser, _: Option<CurrentUser>| ()))
        .route("/principal", get(async |principal: Principal| groups(&principal)))
        .route(
            "/optional",
            get(async |principal: Option<Principal>| {
                principal.map_or("nobody".to_owned(), |principal| groups(&principal))
            }),
        )
        .with_state(verifier.clone())
}

/// The names as text.
fn groups(principal: &Principal) -> String {
    let groups: Vec<String> = principal.groups().iter().map(|group| format!("{group:?}")).collect();
    format!("{{{}}}", groups.join(", "))
}

async fn ask(app: &Router, path: &str, token: Option<&str>) -> Answer {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let lines: Vec<_> = bearer.iter().map(|bearer| ("authorization", &**bearer)).collect();
    send(app, "GET", path, &lines).await
}

/// The look-ups and the response of a request, while the directory answers "staff".
async fn assert_asked(set_up: fn(VerifierBuilder) -> VerifierBuilder, row: (&str, Value, u16, usize)) {
    let (path, claims, status, calls) = row;
    let is_layer_too = !["/both", "/user", "/principal", "/optional"].contains(&path);
    for path in [Some(path.to_owned()), is_layer_too.then(|| format!("/layer{path}"))].into_iter().flatten() {
        let world = World::with(Mood::Group("staff"), set_up).await;
        let app = app(&world.verifier);
        let token = world.token("alice", claims.clone());
        for _ in 0..3 {
            let answer = ask(&app, &path, Some(&token)).await;
            assert_eq!((answer.status, world.calls()), (status, calls), "{path} {claims}");
        }
    }
}

#[tokio::test]
async fn grants_are_looked_up_once_and_only_for_those_who_need_them() {
    for row in [
        ("/staff", json!({}), 200, 1),
        ("/staff", json!({"groups": ["staff"]}), 200, 0),
        ("/admin", json!({}), 403, 1),
        ("/admin", json!({"groups": ["admin"]}), 200, 0),
        ("/scope", json!({}), 403, 0),
        ("/scope", json!({"scope": "read"}), 200, 0),
        ("/authenticated", json!({}), 200, 0),
        ("/either", json!({"scope": "read"}), 200, 0),
        ("/either", json!({}), 200, 1),
        ("/custom", json!({}), 403, 1),
        ("/custom", json!({"groups": ["staff"]}), 403, 1),
        ("/both", json!({}), 200, 1),
        ("/user", json!({}), 200, 0),
        ("/principal", json!({}), 200, 1),
        ("/optional", json!({}), 200, 1),
    ] {
        assert_asked(|builder| builder, row.clone()).await;
    }
    // Without a token cache, each request verifies again. Looked-up entitlements are still cached.
    assert_asked(VerifierBuilder::without_cache, ("/both", json!({}), 200, 1)).await;
    assert_asked(VerifierBuilder::without_cache, ("/staff", json!({}), 200, 1)).await;
}

#[tokio::test]
async fn nobody_is_looked_up_who_is_not_verified() {
    let world = World::new(Mood::Group("staff")).await;
    let app = app(&world.verifier);
    for path in ["/staff", "/layer/staff", "/principal", "/custom"] {
        assert_eq!(ask(&app, path, None).await.status, 401);
        assert_eq!(ask(&app, path, Some("a.b.c")).await.status, 401);
    }
    assert_eq!(ask(&app, "/optional", None).await.body, "nobody");
    assert_eq!(world.calls(), 0);
}

#[tokio::test]
async fn a_principal_has_the_grants_of_token_and_directory() {
    let world = World::new(Mood::Group("staff")).await;
    let app = app(&world.verifier);
    let token = world.token("alice", json!({"groups": ["hr"]}));
    for path in ["/principal", "/optional"] {
        assert_eq!(ask(&app, path, Some(&token)).await.body, r#"{"hr", "staff"}"#);
    }
}

#[tokio::test]
async fn without_an_answer_the_answer_is_503_until_there_is_one() {
    for mood in [Mood::Fails, Mood::Panics] {
        for path in ["/staff", "/layer/staff", "/layer/custom", "/custom", "/both", "/principal", "/optional"] {
            let world = World::new(mood).await;
            let app = app(&world.verifier);
            let token = world.token("alice", json!({}));
            let answer = ask(&app, path, Some(&token)).await;
            assert_eq!((answer.status, &answer.headers["retry-after"]), (503, &"1".parse().unwrap()), "{path}");
            assert!(answer.headers.get("www-authenticate").is_none());
            let body: Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(body["code"], "temporarily_unavailable");
            assert!(!answer.body.contains("directory") && !answer.body.contains("alice"), "{}", answer.body);

            world.set_mood(Mood::Group("staff"));
            let healed = if path.ends_with("custom") { 403 } else { 200 };
            assert_eq!(ask(&app, path, Some(&token)).await.status, healed, "{path}");
        }
    }
    // Requests that need no entitlements are served meanwhile.
    let world = World::new(Mood::Fails).await;
    let app = app(&world.verifier);
    let token = world.token("alice", json!({"scope": "read", "groups": ["staff"]}));
    for path in ["/scope", "/staff", "/layer/scope", "/layer/staff", "/user", "/either"] {
        assert_eq!(ask(&app, path, Some(&token)).await.status, 200, "{path}");
    }
}

#[test]
fn a_requirement_knows_how_far_it_reaches() {
    use countersign::requirement::Lookup::{self, Always, IfDenied, Never};
    fn of<R: Requirement>() -> Lookup {
        R::LOOKUP
    }
    assert_eq!(of::<AllOf<(Scope<Read>, countersign::Authenticated)>>(), Never);
    assert_eq!(of::<RequireScopes<All, (Read, Read)>>(), Never);
    assert_eq!(of::<AllOf<(Scope<Read>, Permission<ReadItems>)>>(), IfDenied);
    assert_eq!(of::<Require<AnyOf<(Group<Staff>, Require<Scope<Read>>)>>>(), IfDenied);
    assert_eq!(of::<AnyOf<(Scope<Read>, Group<Staff>, AllOf<(NotStaff,)>)>>(), Always);
}

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

#[test]
fn the_log_says_which_provider_failed_and_for_nobody_in_particular() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone()).finish();
    // One thread, so that the look-up's task logs here as well.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tracing::subscriber::with_default(subscriber, || {
        runtime.block_on(async {
            let world = World::new(Mood::Fails).await;
            let token = world.token("alice", json!({}));
            assert_eq!(ask(&app(&world.verifier), "/staff", Some(&token)).await.status, 503);
        });
    });
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("countersign::entitlements") && log.contains("the directory is down"), "{log}");
    assert!(log.contains("directory::World::with"), "the provider's name: {log}");
    assert!(log.contains("the caller's entitlements") && !log.contains("alice"), "{log}");
}
