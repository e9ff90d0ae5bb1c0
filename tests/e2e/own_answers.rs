//! Custom error responses: of a verifier, of a handler, and of a layer that translates.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{ACCEPT_LANGUAGE, HeaderMap};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use axum_extra::extract::WithRejection;
use countersign::keys::IssuerKeys;
use countersign::policy::Issuer;
use countersign::providers::Oidc;
use countersign::rejection::RejectionCode;
use countersign::{
    CurrentUser, GuardExt, Principal, Rejection, RequireScopes, Source, Verifier, VerifierBuilder, authenticated,
};
use countersign_testing::TestIssuer;
use countersign_tests::{UnreachableProvider, send};
use serde_json::{Value, json};

countersign::scopes! { Read = "read"; }

const API: &str = "api";

fn trusting(issuer: &TestIssuer) -> VerifierBuilder {
    Verifier::builder().issuer(Oidc::issuer(issuer.url()).audience(API))
}

fn own(rejection: &Rejection) -> (StatusCode, Json<Value>) {
    (rejection.status(), Json(json!({ "ok": false, "error": rejection.code() })))
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Value,
    refused: Option<&'static str>,
}

async fn ask(app: &Router, path: &str, lines: &[(&str, &str)]) -> Answer {
    let answer = send(app, "POST", path, lines).await;
    let body = serde_json::from_str(&answer.body).unwrap_or_else(|_| answer.body.into());
    let refused = answer.extensions.get::<RejectionCode>().map(RejectionCode::code);
    Answer { status: answer.status, headers: answer.headers, body, refused }
}

fn app(verifier: &Verifier) -> Router {
    let layered = Router::new().route("/layer", axum::routing::any(async || ())).layer(authenticated(verifier));
    let guarded = Router::new().route("/guard", axum::routing::any(async || ())).guard::<RequireScopes<Read>>(verifier);
    Router::new()
        .route("/user", axum::routing::any(async |_: CurrentUser| ()))
        .route("/require", axum::routing::any(async |_: RequireScopes<Read>| ()))
        .route("/optional", axum::routing::any(async |_: Option<Principal>| ()))
        .with_state(verifier.clone())
        .merge(layered)
        .merge(guarded)
}

#[tokio::test]
async fn one_function_answers_for_extractors_guards_and_layers() {
    let issuer = TestIssuer::start().await.unwrap();
    let sources = [Source::authorization(), Source::cookie("s")];
    let verifier = trusting(&issuer).on_rejection(own).sources(sources).build().await.unwrap();
    let app = app(&verifier);
    let poor = format!("Bearer {}", issuer.token("alice").audience(API).mint());
    let everywhere = &["/user", "/require", "/layer", "/guard"][..];
    for (paths, line, status, code, has_challenge) in [
        (everywhere, ("x", "y"), 401, "missing_token", true),
        (everywhere, ("authorization", "Bearer a.b.c"), 401, "invalid_token", true),
        (everywhere, ("authorization", "Bearer"), 400, "invalid_request", true),
        (everywhere, ("cookie", "s=a.b.c"), 403, "cross_origin", false),
        (&["/optional"], ("authorization", "Bearer a.b.c"), 401, "invalid_token", true),
        (&["/require", "/guard"], ("authorization", &poor), 403, "insufficient_scope", true),
    ] {
        for path in paths {
            let answer = ask(&app, path, &[line]).await;
            assert_eq!((answer.status, answer.refused), (status, Some(code)), "{path} {line:?}");
            assert_eq!(answer.body, json!({ "ok": false, "error": code }), "{path} {line:?}");
            assert_eq!(answer.headers["content-type"], "application/json");
            assert_eq!(answer.headers.contains_key("www-authenticate"), has_challenge, "{path} {line:?}");
        }
    }
    assert_eq!(ask(&app, "/user", &[("authorization", &poor)]).await.refused, None);
}

#[tokio::test]
async fn an_own_503_tells_when_to_come_back_too() {
    let issuer = TestIssuer::start().await.unwrap();
    let down = Issuer::new(issuer.url(), IssuerKeys::fetched(UnreachableProvider))
        .audience(countersign::policy::Audience::any_of([API]));
    let verifier = Verifier::builder().issuer(down).on_rejection(own).build().await.unwrap();
    let token = format!("Bearer {}", issuer.token("alice").audience(API).mint());
    let answer = ask(&app(&verifier), "/user", &[("authorization", &token)]).await;
    assert_eq!((answer.status, answer.refused), (503, Some("temporarily_unavailable")));
    assert!(answer.headers.contains_key("retry-after") && !answer.headers.contains_key("www-authenticate"));
}

#[tokio::test]
async fn the_usual_answer_can_be_given_to_some() {
    let issuer = TestIssuer::start().await.unwrap();
    let some = |rejection: &Rejection| match rejection.code() {
        "missing_token" => own(rejection).into_response(),
        _ => rejection.clone().into_response(),
    };
    let app = app(&trusting(&issuer).on_rejection(some).build().await.unwrap());
    for path in ["/user", "/require", "/layer", "/guard"] {
        assert_eq!(ask(&app, path, &[]).await.body["error"], "missing_token");
        let usual = ask(&app, path, &[("authorization", "Bearer a.b.c")]).await;
        assert_eq!((usual.status, &usual.body["title"]), (401, &json!("Unauthorized")));
        assert!(usual.headers.contains_key("www-authenticate"));
    }
}

/// The application chooses the response, but cannot admit the request.
#[tokio::test]
async fn no_answer_makes_a_handler_run() {
    let issuer = TestIssuer::start().await.unwrap();
    for status in [StatusCode::OK, StatusCode::NOT_FOUND, StatusCode::FOUND] {
        let verifier = trusting(&issuer).on_rejection(move |_| status).build().await.unwrap();
        let ran = Router::new().route("/user", get(async |_: CurrentUser| "ran").post(async |_: CurrentUser| "ran"));
        let answer = ask(&ran.with_state(verifier), "/user", &[]).await;
        assert_eq!((answer.status, answer.refused), (status.as_u16(), Some("missing_token")));
        assert_eq!(answer.body, json!(""));
        assert!(!answer.headers.contains_key("www-authenticate"));
    }
    // The application's header remains.
    let verifier = trusting(&issuer)
        .on_rejection(|rejection| (rejection.status(), [("www-authenticate", "Bearer realm=\"own\"")]))
        .build()
        .await
        .unwrap();
    assert_eq!(ask(&app(&verifier), "/user", &[]).await.headers["www-authenticate"], "Bearer realm=\"own\"");
}

struct OurError(StatusCode, &'static str, Option<HeaderValue>);

impl From<Rejection> for OurError {
    fn from(rejection: Rejection) -> Self {
        Self(rejection.status(), rejection.code(), rejection.challenge())
    }
}

impl IntoResponse for OurError {
    fn into_response(self) -> Response {
        let challenge = self.2.map(|challenge| [("www-authenticate", challenge)]);
        (self.0, challenge, Json(json!({ "our_code": self.1 }))).into_response()
    }
}

#[tokio::test]
async fn axum_extras_with_rejection_takes_rejections_as_they_are() {
    type Ours<E> = WithRejection<E, OurError>;
    let issuer = TestIssuer::start().await.unwrap();
    let verifier = trusting(&issuer).build().await.unwrap();
    let app = Router::new()
        .route("/user", axum::routing::any(async |_: Ours<CurrentUser>| ()))
        .route("/require", axum::routing::any(async |_: Ours<RequireScopes<Read>>| ()))
        .with_state(verifier);
    let poor = format!("Bearer {}", issuer.token("alice").audience(API).mint());
    for (path, line, status, code) in [
        ("/user", ("x", "y"), 401, "missing_token"),
        ("/require", ("x", "y"), 401, "missing_token"),
        ("/require", ("authorization", poor.as_str()), 403, "insufficient_scope"),
    ] {
        let answer = ask(&app, path, &[line]).await;
        assert_eq!((answer.status, &answer.body["our_code"]), (status, &json!(code)));
        assert!(answer.headers.contains_key("www-authenticate"));
    }
}

/// Translates by code, in a layer that reads the request's headers.
async fn localise(request: Request, next: Next) -> Response {
    let is_german = request.headers().get(ACCEPT_LANGUAGE).is_some_and(|value| value.as_bytes().starts_with(b"de"));
    let response = next.run(request).await;
    match response.extensions().get::<RejectionCode>().map(RejectionCode::code) {
        Some("missing_token") if is_german => {
            let (parts, _) = response.into_parts();
            Response::from_parts(parts, Body::from("bitte anmelden"))
        }
        _ => response,
    }
}

#[tokio::test]
async fn a_layer_puts_a_code_into_the_readers_language() {
    let issuer = TestIssuer::start().await.unwrap();
    let verifier = trusting(&issuer).build().await.unwrap();
    let app = app(&verifier).layer(from_fn(localise));
    let german = ask(&app, "/user", &[("accept-language", "de-AT,en;q=0.5")]).await;
    assert_eq!((german.status, german.body), (401, json!("bitte anmelden")));
    assert_eq!(ask(&app, "/user", &[]).await.body["code"], "missing_token");
}
