//! Audit log, metrics and rate limit.

use crate::api::Api;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use axum::{Extension, Router};
use countersign::providers::Oidc;
use countersign::{Principal, RequireGroups, Verifier};
use countersign_testing::TestIssuer;
use countersign_tests::Journal;
use from_fastapi::audit::audit;
use from_fastapi::metrics::{measure, measure_keys};
use from_fastapi::rate_limit::limited;
use metrics_exporter_prometheus::PrometheusBuilder;
use reqwest::Method;
use std::time::Duration;

countersign::groups! { Admin = "admin"; }

async fn verifier(issuer: &TestIssuer) -> Verifier {
    let provider = Oidc::issuer(issuer.url()).audience("api").named("staff");
    Verifier::builder().issuer(provider).build().await.unwrap()
}

fn routes() -> Router<Verifier> {
    Router::new()
        .route("/me", get(async |caller: Principal| caller.subject().to_owned()))
        .route("/admin", get(async |_: RequireGroups<Admin>| "admin"))
        .route("/open", get(async || "open"))
        .route("/users/{id}", get(async |_: Principal| "user"))
}

/// Runs on one thread, since the journal collects this thread's events.
#[tokio::test(flavor = "current_thread")]
async fn each_request_leaves_a_line_with_caller_and_outcome_and_no_token() {
    let issuer = TestIssuer::start().await.unwrap();
    let verifier = verifier(&issuer).await;
    let app = routes().layer(from_fn_with_state(verifier.clone(), audit)).with_state(verifier);
    let api = Api::serve(app).await;
    let token = issuer.token("alice").audience("api").mint();
    let journal = Journal::start();
    for (path, token, expected) in [
        ("/me", token.as_str(), r#"status=200 issuer="staff" subject="alice" machine=false"#),
        ("/admin", &token, r#"status=403 refused="insufficient_scope" issuer="staff" subject="alice" machine=false"#),
        ("/me", "", r#"status=401 refused="missing_token""#),
        ("/me", "nonsense", r#"status=401 refused="invalid_token""#),
        ("/open", "nonsense", "status=200"),
    ] {
        api.get(path, token).await;
        let written = journal.take();
        let line = written.lines().find(|line| line.contains(" audit: ")).unwrap_or_else(|| panic!("{written}"));
        let expected = format!(r#"audit: method=GET path="{path}" {expected}"#);
        assert!(line.ends_with(&expected), "{line}\n{expected}");
        assert!(token.is_empty() || !written.contains(token));
    }
}

#[tokio::test]
async fn verdicts_times_and_keys_are_counted() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).unwrap();

    let issuer = TestIssuer::start().await.unwrap();
    let verifier = verifier(&issuer).await;
    let api = Api::serve(routes().layer(from_fn(measure)).with_state(verifier.clone())).await;
    let token = issuer.token("alice").audience("api").mint();
    for (path, token) in [
        ("/me", &*token),
        ("/me", &token),
        ("/me", "nonsense"),
        ("/me", ""),
        ("/admin", &token),
        ("/users/7", &token),
        ("/users/8", &token),
    ] {
        api.get(path, token).await;
    }
    measure_keys(&verifier);
    let text = handle.render();
    for line in [
        r#"auth_verdicts_total{verdict="let_in",route="/me"} 2"#,
        r#"auth_verdicts_total{verdict="invalid_token",route="/me"} 1"#,
        r#"auth_verdicts_total{verdict="missing_token",route="/me"} 1"#,
        r#"auth_verdicts_total{verdict="insufficient_scope",route="/admin"} 1"#,
        r#"auth_verdicts_total{verdict="let_in",route="/users/{id}"} 2"#,
        r#"http_request_seconds_count{route="/me"} 4"#,
    ] {
        assert!(text.lines().any(|written| written == line), "{line}\n{text}");
    }
    let has = |part: &str| text.lines().any(|line| line.contains(part));
    assert!(has(r#"quantile="0.95""#) && has(r#"quantile="0.99""#), "{text}");
    assert!(has(&format!(r#"keys_fetches_total{{issuer="{}"}} 1"#, issuer.url())), "{text}");
}

#[tokio::test]
async fn each_caller_has_an_allowance_of_its_own() {
    let issuer = TestIssuer::start().await.unwrap();
    let verifier = verifier(&issuer).await;
    let whoami = async |Extension(caller): Extension<Principal>| caller.subject().to_owned();
    let router = Router::new().route("/me", get(whoami));
    // Long enough that no allowance is renewed during the test.
    let api = Api::serve(limited(router, &verifier, 2, Duration::from_secs(3600)).unwrap()).await;
    let token = |subject: &str| issuer.token(subject).audience("api").mint();
    let (alice, bob) = (token("alice"), token("bob"));
    // Another token of the same caller uses the same allowance.
    let again = issuer.token("alice").audience("api").claim("jti", "another").mint();
    api.assert_all(&[
        ("/me", &alice, 200, "alice"),
        ("/me", &again, 200, "alice"),
        ("/me", &again, 429, ""),
        ("/me", &bob, 200, "bob"),
        // Rejected requests use no allowance.
        ("/me", "nonsense", 401, ""),
        ("/me", "", 401, ""),
        ("/me", &bob, 200, "bob"),
        ("/me", &bob, 429, ""),
    ])
    .await;
    let refusal = api.send(Method::GET, "/me", &alice).await;
    let wait: u64 = refusal.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=3600).contains(&wait), "{wait}");
}
