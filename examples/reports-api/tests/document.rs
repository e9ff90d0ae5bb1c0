//! The document matches the enforcement: golden files for review, and a test of each guard.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use countersign::Verifier;
use countersign::openapi::SecuritySchemes;
use countersign::providers::Oidc;
use countersign_testing::{AccessTest, TestIssuer};
use reports_api::Documentation;
use tower::ServiceExt;
use utoipa::Modify;

const AUDIENCE: &str = "https://reports.example.com";

/// After a change, run `EXPECTORATE=overwrite cargo test -p reports-api`, then review the difference.
#[test]
fn the_document_is_the_golden_one() {
    let guarded = reports_api::operations().build().unwrap();
    let document = guarded.openapi.to_pretty_json().unwrap();
    expectorate::assert_contents("tests/openapi.json", &format!("{document}\n"));
}

/// The same with login through the provider.
#[test]
fn the_document_with_every_scheme_is_the_golden_one() {
    let mut openapi = reports_api::operations().build().unwrap().openapi;
    SecuritySchemes::bearer()
        .openid_connect("https://idp.example.com/.well-known/openid-configuration")
        .oauth2("https://idp.example.com/authorize", "https://idp.example.com/token")
        .modify(&mut openapi);
    let document = openapi.to_pretty_json().unwrap();
    expectorate::assert_contents("tests/openapi-every-scheme.json", &format!("{document}\n"));
}

/// The matrix is made for review. Any change of a guard changes this file.
#[test]
fn the_auth_matrix_is_the_golden_one() {
    expectorate::assert_contents("tests/matrix.md", &reports_api::matrix().to_markdown());
}

struct Api {
    router: axum::Router,
    issuer: TestIssuer,
}

impl Api {
    async fn start() -> Self {
        let issuer = TestIssuer::start().await.unwrap();
        let provider = Oidc::issuer(issuer.url()).audience(AUDIENCE);
        let verifier = Verifier::builder().issuer(provider).build().await.unwrap();
        Self { router: reports_api::router(verifier, &Documentation::pasting()).unwrap(), issuer }
    }

    async fn status(&self, method: &str, path: &str, groups: &[&str], scopes: &[&str]) -> StatusCode {
        let token = self.issuer.token("alice").audience(AUDIENCE);
        let token = token.groups(groups.iter().copied()).scopes(scopes.iter().copied()).mint();
        let request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {token}"));
        self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
    }
}

#[tokio::test]
async fn each_operation_lets_in_whom_it_names_and_nobody_else() {
    let api = Api::start().await;
    let (read, write) = ("reports:read", "reports:write");
    type Case<'a> = (&'a str, &'a str, &'a [&'a str], &'a [&'a str], u16);
    let cases: [Case<'_>; 18] = [
        ("GET", "/public", &[], &[], 200),
        ("GET", "/optional", &[], &[], 200),
        ("GET", "/me", &[], &[], 200),
        ("GET", "/admin", &[], &[], 403),
        ("GET", "/admin", &["manager", "administrators"], &["admin"], 403),
        ("GET", "/admin", &["admin"], &[], 200),
        ("GET", "/staff", &["staff"], &[], 403),
        ("GET", "/staff", &["manager"], &[], 200),
        ("GET", "/staff", &["admin"], &[], 200),
        ("GET", "/reports", &["admin"], &[], 403),
        ("GET", "/reports", &[], &[read], 200),
        ("GET", "/reports", &[], &[write], 200),
        ("POST", "/reports", &["admin"], &[write], 403),
        ("POST", "/reports", &[], &[write, read], 201),
        ("DELETE", "/reports/7", &["admin"], &[read], 403),
        ("DELETE", "/reports/7", &[], &[write], 403),
        ("DELETE", "/reports/7", &["admin"], &[write], 204),
        ("DELETE", "/reports/seven", &["admin"], &[write], 400),
    ];
    for (method, path, groups, scopes, expected) in cases {
        let status = api.status(method, path, groups, scopes).await;
        assert_eq!(status.as_u16(), expected, "{method} {path} with {groups:?} {scopes:?}");
    }
}

#[tokio::test]
async fn the_document_and_its_page_are_served() {
    let api = Api::start().await;
    for path in ["/livez", "/readyz", "/openapi.json", "/docs/"] {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let response = api.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
    }
}

/// Calls every operation of the matrix without a token, with invalid tokens, with too few rights and with just enough.
#[tokio::test]
async fn every_operation_refuses_whoever_has_less_than_enough() {
    let issuer = TestIssuer::start().await.unwrap();
    let provider = Oidc::issuer(issuer.url()).audience(AUDIENCE);
    let verifier = Verifier::builder().issuer(provider).build().await.unwrap();
    let guarded = reports_api::operations().with_state(verifier).build().unwrap();
    let tried = AccessTest::new(&issuer, AUDIENCE).run(&guarded.router, &guarded.matrix).await;
    assert_eq!(tried, 45);
}
