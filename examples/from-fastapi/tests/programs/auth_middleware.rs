use crate::api::Api;
use axum::Router;
use axum::routing::get;
use countersign::keys::Algorithm;
use countersign::{Group, Principal, Requirement, Verifier};
use countersign_testing::{TestIssuer, TestToken};
use from_fastapi::auth_middleware::{Admin, app, provider, verifier};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::SqlitePool;
use sqlx::sqlite::SqlitePoolOptions;

const API: &str = "your-app-client-id";

/// The tables that auth-middleware's models create.
const TABLES: &str = r#"
    CREATE TABLE authz_groups (
        id VARCHAR(27) NOT NULL, username VARCHAR(500) NOT NULL, "group" VARCHAR(100) NOT NULL, PRIMARY KEY (id));
    CREATE TABLE authz_permissions (
        id VARCHAR(27) NOT NULL, username VARCHAR(500) NOT NULL, permission VARCHAR(100) NOT NULL, PRIMARY KEY (id));
    INSERT INTO authz_groups VALUES ('1', 'alice', 'moderator');
    INSERT INTO authz_permissions VALUES ('1', 'alice', 'user.create');
"#;

async fn start() -> (TestIssuer, Api) {
    let issuer = TestIssuer::start().await.unwrap();
    let verifier = Verifier::builder().issuer(provider(issuer.url(), API)).build().await.unwrap();
    let api = Api::serve(app(verifier)).await;
    (issuer, api)
}

fn token(issuer: &TestIssuer) -> TestToken {
    issuer.token("7").audience(API)
}

#[tokio::test]
async fn any_of_the_groups_and_roles_is_enough() {
    let (issuer, api) = start().await;
    let member = |groups: &[&str]| token(&issuer).claim("memberOf", groups).mint();
    let role = |role: &str| token(&issuer).roles([role]).mint();
    api.assert_all(&[
        ("/protected", "", 401, ""),
        ("/protected", &member(&[]), 200, r#"{"message":"Hello you","user_id":"7"}"#),
        ("/admin", "", 401, ""),
        ("/admin", &member(&[]), 403, ""),
        ("/admin", &member(&["admin"]), 200, "Admin access granted"),
        ("/admin", &member(&["moderator", "staff"]), 200, "Admin access granted"),
        ("/reports", &role("manager"), 200, "Reports access granted"),
        ("/reports", &role("intern"), 403, ""),
        ("/reports", &member(&["manager"]), 403, ""),
    ])
    .await;
}

/// A guard of auth-middleware searches `groups` for "admin", even if `groups` is a string.
#[tokio::test]
async fn a_part_of_a_name_is_not_the_name() {
    let (issuer, api) = start().await;
    for groups in [json!("administrators"), json!("min"), json!("not-admin"), json!(["ADMIN"])] {
        assert_eq!(api.get("/admin", &token(&issuer).claim("memberOf", groups).mint()).await.0, 403);
    }
    assert_eq!(api.get("/admin", &token(&issuer).claim("memberOf", "admin").mint()).await.0, 200);
}

/// auth-middleware answers each of these with 500.
#[tokio::test]
async fn what_is_odd_in_a_request_is_no_fault_of_the_server() {
    let (issuer, api) = start().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let basic = client.get(format!("http://{}/", api.address)).header("authorization", "Basic x").send().await.unwrap();
    assert_eq!((basic.status().as_u16(), basic.text().await.unwrap()), (200, "Welcome".to_owned()));
    let key = issuer.keys().into_iter().find(|key| key.algorithm() == Algorithm::RS256).unwrap();
    let claims = json!({ "iss": issuer.url(), "sub": "7", "aud": API, "exp": 4_000_000_000_u64 });
    let without_kid = key.sign(json!({ "alg": "RS256" }).to_string(), claims.to_string());
    api.assert_all(&[
        ("/", &without_kid, 200, "Welcome back"),
        ("/", &token(&issuer).claim("email", "no address").mint(), 200, "Welcome back"),
        ("/", &token(&issuer).claim("email", 7).mint(), 401, ""),
    ])
    .await;
}

#[tokio::test]
async fn a_route_for_everybody_knows_its_caller() {
    let (issuer, api) = start().await;
    let admin = token(&issuer).claim("memberOf", ["admin"].as_slice());
    api.assert_all(&[
        ("/", "", 200, "Welcome"),
        ("/", &token(&issuer).mint(), 200, "Welcome back"),
        ("/", &admin.clone().mint(), 200, "Welcome, admin"),
    ])
    .await;
    let verifier = Verifier::builder().issuer(provider(issuer.url(), API)).build().await.unwrap();
    let known = verifier.verify(&admin.mint()).await.unwrap();
    assert!(Group::<Admin>::check(known.principal()));
}

#[tokio::test]
async fn the_user_has_an_id_a_name_an_email_and_is_a_person_or_a_machine() {
    let (issuer, api) = start().await;
    let person = token(&issuer).claim("preferred_username", "alice").claim("email", "a@example.com").permissions(["p"]);
    let machine = token(&issuer).claim("sub", "test-client");
    let mut seen = Vec::new();
    for token in [person, machine] {
        let (status, body) = api.get("/profile", &token.mint()).await;
        assert_eq!(status, 200);
        seen.push(serde_json::from_str::<Value>(&body).unwrap());
    }
    let person = json!({
        "id": "7", "name": "alice", "email": "a@example.com", "groups": [], "permissions": ["p"], "is_machine": false,
    });
    assert_eq!(seen[0], person);
    assert_eq!((&seen[1]["id"], &seen[1]["is_machine"]), (&json!("test-client"), &json!(true)));
}

#[tokio::test]
async fn the_raw_token_is_there_for_whoever_asks_and_in_no_debug_output() {
    let issuer = TestIssuer::start().await.unwrap();
    let verifier = Verifier::builder().issuer(provider(issuer.url(), API)).build().await.unwrap();
    let raw = async |user: Principal| user.token().raw().to_owned();
    let debug = async |user: Principal| format!("{user:?} {:?}", user.token());
    let router = Router::new().route("/raw", get(raw)).route("/debug", get(debug)).with_state(verifier);
    let api = Api::serve(router).await;
    let token = token(&issuer).claim("email", "canary@example.com").mint();
    assert_eq!(api.get("/raw", &token).await, (200, token.clone()));
    let (status, printed) = api.get("/debug", &token).await;
    let signature = token.rsplit('.').next().unwrap();
    assert!(status == 200 && !printed.contains(signature) && !printed.contains("canary"), "{printed}");
}

#[tokio::test]
async fn the_settings_of_a_provider_are_what_they_say() {
    let (issuer, api) = start().await;
    let seconds = std::time::Duration::from_secs;
    let named = token(&issuer).claim("username", "alice");
    api.assert_all(&[
        // leeway
        ("/admin/none", "", 404, ""),
        ("/protected", &token(&issuer).expired_for(seconds(1)).mint(), 200, r#"{"message":"Hello you","user_id":"7"}"#),
        ("/protected", &token(&issuer).expired_for(seconds(15)).mint(), 401, ""),
        // algorithms
        ("/protected", &token(&issuer).algorithm(Algorithm::ES256).mint(), 401, ""),
        // audience
        ("/protected", &token(&issuer).audience("another").claim("azp", API).mint(), 401, ""),
        // the first claim of several
        ("/protected", &named.mint(), 200, r#"{"message":"Hello alice","user_id":"7"}"#),
    ])
    .await;
    assert_eq!((issuer.requests().discovery, issuer.requests().keys), (0, 1), "by `jwks_url`, once");
}

#[tokio::test]
async fn groups_and_permissions_come_from_the_tables_that_are_there() {
    let issuer = TestIssuer::start().await.unwrap();
    let database: SqlitePool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
    sqlx::raw_sql(TABLES).execute(&database).await.unwrap();
    let api = Api::serve(app(verifier(issuer.url(), API, database).await.unwrap())).await;
    let of = |name: &str| token(&issuer).claim("preferred_username", name).mint();
    for (name, expected) in [("alice", 200), ("bob", 403)] {
        assert_eq!(api.get("/admin", &of(name)).await.0, expected, "{name}");
        assert_eq!(api.send(Method::POST, "/admin/users", &of(name)).await.status().as_u16(), expected, "{name}");
    }
}
