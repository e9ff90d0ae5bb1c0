//! Exact responses, for every row of the table of answers.

use axum::http::HeaderMap;
use axum::routing::get;
use axum::{Json, Router};
use countersign::keys::IssuerKeys;
use countersign::policy::Issuer;
use countersign::{All, AllOf, CurrentUser, Group, Principal, Require, RequireScopes, Scope, Verifier};
use countersign_testing::TestIssuer;
use countersign_tests::{UnreachableProvider, send};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

countersign::scopes! { Read = "reports:read"; Write = "reports:write"; }
countersign::groups! { Admin = "admin"; }

const AUDIENCE: &str = "https://api.example.com";

#[derive(Deserialize)]
struct Staff {
    department: String,
}

fn app(verifier: Verifier) -> Router {
    Router::new()
        .route("/me", get(async |principal: Principal| principal.subject().to_owned()))
        .route("/optional", get(async |user: Option<CurrentUser>| Json(user.is_some())))
        .route("/staff", get(async |CurrentUser(staff): CurrentUser<Staff>| staff.department.clone()))
        .route("/both", get(async |_: RequireScopes<All, (Read, Write)>| "both"))
        .route("/mixed", get(async |_: Require<AllOf<(Group<Admin>, Scope<Write>)>>| "mixed"))
        .with_state(verifier)
}

async fn trusting(issuer: &TestIssuer) -> Verifier {
    let provider = countersign::providers::Oidc::issuer(issuer.url()).audience(AUDIENCE);
    Verifier::builder().issuer(provider).realm("a \"b\"").build().await.unwrap()
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

async fn ask(app: &Router, path: &str, authorization: &[&str]) -> Answer {
    let lines: Vec<_> = authorization.iter().map(|value| ("authorization", *value)).collect();
    let answer = send(app, "GET", path, &lines).await;
    let body = serde_json::from_str(&answer.body).unwrap_or_else(|_| answer.body.into());
    Answer { status: answer.status, headers: answer.headers, body }
}

impl Answer {
    #[track_caller]
    fn assert_problem(&self, status: u16, code: &str, challenge: Option<&str>) {
        assert_eq!(self.status, status);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.headers["cache-control"], "no-store");
        assert_eq!(self.headers.get("www-authenticate").map(|value| value.to_str().unwrap()), challenge);
        assert_eq!((&self.body["status"], &self.body["code"]), (&json!(status), &json!(code)));
        assert!(self.body["title"].is_string() && self.body["detail"].is_string(), "{}", self.body);
    }

    #[track_caller]
    fn assert_body(&self, expected: Value) {
        assert_eq!((self.status, &self.body), (200, &expected));
    }
}

const BARE: &str = r#"Bearer realm="a \"b\"""#;
const INVALID_REQUEST: &str = r#"Bearer realm="a \"b\"", error="invalid_request", error_description="send exactly one bearer token, in one Authorization header""#;
const INVALID_TOKEN: &str = r#"Bearer realm="a \"b\"", error="invalid_token", error_description="the access token is expired, malformed or not valid for this API""#;
const INSUFFICIENT: &str = r#"Bearer realm="a \"b\"", error="insufficient_scope", error_description="the access token does not grant what this operation requires""#;

#[tokio::test]
async fn without_credentials_the_challenge_says_nothing_about_errors() {
    let issuer = TestIssuer::start().await.unwrap();
    let app = app(trusting(&issuer).await);
    for path in ["/me", "/staff", "/both", "/mixed"] {
        ask(&app, path, &[]).await.assert_problem(401, "missing_token", Some(BARE));
        ask(&app, path, &["Basic YTpi"]).await.assert_problem(401, "missing_token", Some(BARE));
    }
    ask(&app, "/optional", &[]).await.assert_body(json!(false));
}

#[tokio::test]
async fn credentials_that_are_not_one_token_are_a_bad_request() {
    let issuer = TestIssuer::start().await.unwrap();
    let app = app(trusting(&issuer).await);
    let token = format!("Bearer {}", issuer.token("alice").audience(AUDIENCE).mint());
    for path in ["/me", "/optional", "/both"] {
        for authorization in [&["Bearer"][..], &["Bearer a b"], &[&token, &token], &["Basic YTpi", &token]] {
            ask(&app, path, authorization).await.assert_problem(400, "invalid_request", Some(INVALID_REQUEST));
        }
    }
}

#[tokio::test]
async fn a_refused_token_is_401_for_whatever_reason_and_for_optional_users_too() {
    let issuer = TestIssuer::start().await.unwrap();
    let app = app(trusting(&issuer).await);
    let expired = issuer.token("alice").audience(AUDIENCE).expired_for(Duration::from_secs(60)).mint();
    let foreign = issuer.token("alice").audience("https://other.example.com").mint();
    for token in [expired.as_str(), &foreign, "nonsense", "a.b.c"] {
        for path in ["/me", "/optional", "/staff", "/both", "/mixed"] {
            let answer = ask(&app, path, &[&format!("Bearer {token}")]).await;
            answer.assert_problem(401, "invalid_token", Some(INVALID_TOKEN));
        }
    }
}

#[tokio::test]
async fn claims_that_do_not_fit_the_handlers_type_are_401() {
    let issuer = TestIssuer::start().await.unwrap();
    let app = app(trusting(&issuer).await);
    let token = |department: Value| {
        format!("Bearer {}", issuer.token("alice").audience(AUDIENCE).claim("department", department).mint())
    };
    ask(&app, "/staff", &[&token(json!("legal"))]).await.assert_body(json!("legal"));
    for odd in [json!(7), json!(null), json!(["legal"])] {
        ask(&app, "/staff", &[&token(odd)]).await.assert_problem(401, "invalid_token", Some(INVALID_TOKEN));
    }
}

#[tokio::test]
async fn a_missing_requirement_is_403_and_names_every_scope_that_is_required() {
    let issuer = TestIssuer::start().await.unwrap();
    let app = app(trusting(&issuer).await);
    let token = |scopes: &[&str], groups: &[&str]| {
        let token = issuer.token("alice").audience(AUDIENCE).scopes(scopes.iter().copied());
        format!("Bearer {}", token.groups(groups.iter().copied()).mint())
    };
    let both = format!(r#"{INSUFFICIENT}, scope="reports:read reports:write""#);
    ask(&app, "/both", &[&token(&["reports:read"], &["admin"])]).await.assert_problem(
        403,
        "insufficient_scope",
        Some(&both),
    );
    ask(&app, "/both", &[&token(&["reports:write", "reports:read"], &[])]).await.assert_body(json!("both"));

    let write = format!(r#"{INSUFFICIENT}, scope="reports:write""#);
    for (scopes, groups) in [(&["reports:write"][..], &["administrators"][..]), (&[], &["admin"]), (&[], &[])] {
        let answer = ask(&app, "/mixed", &[&token(scopes, groups)]).await;
        answer.assert_problem(403, "insufficient_scope", Some(&write));
    }
    ask(&app, "/mixed", &[&token(&["reports:write"], &["admin"])]).await.assert_body(json!("mixed"));
}

#[tokio::test]
async fn without_keys_the_answer_is_503_with_a_time_to_come_back() {
    let issuer = TestIssuer::start().await.unwrap();
    let down = Issuer::new(issuer.url(), IssuerKeys::fetched(UnreachableProvider));
    let verifier = Verifier::builder()
        .issuer(down.audience(countersign::policy::Audience::any_of([AUDIENCE])))
        .build()
        .await
        .unwrap();
    let app = app(verifier);
    let token = format!("Bearer {}", issuer.token("alice").audience(AUDIENCE).mint());
    for path in ["/me", "/optional", "/both"] {
        let answer = ask(&app, path, &[&token]).await;
        answer.assert_problem(503, "temporarily_unavailable", None);
        assert!(answer.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
    }
    // Tokens that are rejected without a key still get their verdict.
    assert_eq!(ask(&app, "/me", &[]).await.status, 401);
    assert_eq!(ask(&app, "/me", &["Bearer nonsense"]).await.status, 401);
}
