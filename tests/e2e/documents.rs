//! Invariant 11: the enforcement never depends on a document that others can edit.

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use countersign::openapi::{Matrix, PublicExt, Routes, SecuritySchemes, Undecided};
use countersign::providers::Oidc;
use countersign::{
    Authenticated, CurrentUser, GuardExt, GuardedRouter, RequireGroups, RequireScopes, Verifier, route, routes,
};
use countersign_testing::{AccessTest, TestIssuer};
use serde_json::{Value, json};
use tower::ServiceExt;
use utoipa::Modify;
use utoipa::openapi::OpenApi;
use utoipa::openapi::extensions::Extensions;
use utoipa_axum::router::OpenApiRouter;

countersign::groups! { Admin = "admin"; }
countersign::scopes! { Read = "read"; }

const API: &str = "api";

#[utoipa::path(get, path = "/x", extensions(("x-access" = json!({"group": "admin"}))), security(("bearerAuth" = ["admin"])))]
async fn claims_a_group() {}

#[utoipa::path(get, path = "/x", extensions(("access" = json!("public"))))]
async fn claims_to_be_public() {}

/// The extension is correct, but written by hand.
#[utoipa::path(get, path = "/x", extensions(("x-access" = json!({"group": "admin"}))))]
async fn claims_the_truth(_: RequireGroups<Admin>) {}

#[utoipa::path(get, path = "/x", security(("bearerAuth" = ["admin"])))]
async fn open() {}

#[utoipa::path(post, path = "/x", security(("bearerAuth" = ["nothing"])))]
async fn guarded(_: RequireScopes<Read>) {}

async fn undocumented(_: RequireScopes<Read>) {}

async fn verifier() -> (TestIssuer, Verifier) {
    let issuer = TestIssuer::start().await.unwrap();
    let provider = Oidc::issuer(issuer.url()).audience(API);
    let verifier = Verifier::builder().issuer(provider).build().await.unwrap();
    (issuer, verifier)
}

async fn status(app: &Router, method: Method, path: &str) -> StatusCode {
    let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    app.clone().oneshot(request).await.unwrap().status()
}

/// A document with these members.
fn document(members: &Value) -> OpenApi {
    let mut json = json!({ "openapi": "3.1.0", "info": { "title": "", "version": "" }, "paths": {} });
    json.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    serde_json::from_value(json).unwrap()
}

fn operation(members: &Value) -> Value {
    let mut json = json!({ "responses": {} });
    json.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    json
}

#[track_caller]
fn refusal<S: Clone + Send + Sync + 'static>(router: GuardedRouter<S>) -> Undecided {
    router.build().expect_err("the document is not what is enforced")
}

#[tokio::test]
async fn an_access_that_is_written_by_hand_is_an_error_that_names_the_operation() {
    let (_issuer, verifier) = verifier().await;
    let guard = |routes: Routes<Verifier>| routes.guard::<Authenticated>(&verifier);
    let router = GuardedRouter::<Verifier>::new;
    for (router, place) in [
        (router().routes(routes!(claims_a_group)), "GET /x"),
        (router().routes(routes!(claims_a_group).public()), "GET /x"),
        (router().routes(guard(routes!(claims_a_group))), "GET /x"),
        (router().routes(routes!(claims_a_group)).guard::<RequireGroups<Admin>>(&verifier), "GET /x"),
        (router().routes(routes!(claims_to_be_public)), "GET /x"),
        (router().routes(guard(routes!(claims_to_be_public))), "GET /x"),
        (router().routes(routes!(claims_the_truth)), "GET /x"),
        (router().nest("/a", router().nest("/b", router().routes(guard(routes!(claims_a_group))))), "GET /a/b/x"),
        (router().merge(router().routes(guard(routes!(claims_a_group)))), "GET /x"),
    ] {
        let refusal = refusal(router);
        let expected = format!("`x-access` of {place} is written by hand");
        assert!(refusal.to_string().contains(&expected), "{refusal}");
        assert_eq!(refusal.faults().len(), 1, "{refusal}");
    }
    // The first document has an operation with the same path. It remains, and the claim of the other one is not lost.
    let begun = document(&json!({ "paths": { "/x": { "get": operation(&json!({})) } } }));
    let router = GuardedRouter::<()>::with_openapi(begun).routes(routes!(claims_a_group).public());
    assert!(refusal(router).to_string().contains("`x-access` of GET /x"));
}

#[test]
fn a_document_that_claims_access_anywhere_is_refused() {
    let claim = json!({ "x-access": { "group": "admin" } });
    let claiming = json!({ "/x": { "get": operation(&claim) } });
    let callback = operation(&json!({ "callbacks": { "done": { "{$url}": { "post": operation(&claim) } } } }));
    let with = |mut item: Value, more: &Value| {
        item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        item
    };
    let plain = json!({ "get": operation(&json!({})) });
    for (members, fault) in [
        (json!({ "paths": claiming }), "`x-access` of GET /x is written by hand"),
        (json!({ "paths": { "/x": with(plain.clone(), &claim) } }), "`x-access` of /x is"),
        (json!({ "paths": { "/x": { "get": callback } } }), "`x-access` of POST the callback done of GET /x is"),
        (json!({ "paths": { "/x": plain }, "webhooks": claiming }), "`x-access` of GET the webhook /x is"),
        (
            json!({ "components": { "pathItems": { "Item": claiming["/x"] } } }),
            "`x-access` of GET the component Item is",
        ),
        (
            json!({ "components": { "callbacks": { "done": { "{$url}": { "post": operation(&claim) } } } } }),
            "`x-access` of POST the callback done of the components is",
        ),
        (json!({ "components": claim }), "`x-access` of the components is"),
        (with(json!({ "paths": {} }), &claim), "`x-access` of the document is"),
        (json!({ "paths": with(json!({}), &claim) }), "`x-access` of the paths is"),
        (json!({ "paths": { "/x": { "query": operation(&claim) } } }), "`x-access` of QUERY /x is"),
        (json!({ "paths": { "/x": { "additionalOperations": { "PURGE": operation(&claim) } } } }), "of PURGE /x is"),
        // Operations without a route, with any guard.
        (
            json!({ "paths": { "/x": { "delete": operation(&json!({})) } } }),
            "DELETE /x is in the document, but no route",
        ),
        (json!({ "paths": { "/x/": plain } }), "GET /x/ is in the document"),
        (json!({ "paths": { "/y": plain } }), "GET /y is in the document"),
        (json!({ "paths": { "/x": { "query": operation(&json!({})) } } }), "QUERY /x is in the document"),
        (json!({ "paths": { "/y": { "$ref": "#/components/pathItems/Y" } } }), "/y refers to operations elsewhere"),
    ] {
        // A merged or nested document loses nothing.
        let begun = || GuardedRouter::<()>::with_openapi(document(&members));
        let routes = || routes!(open).public();
        for router in [
            begun().routes(routes()),
            GuardedRouter::new().routes(routes()).merge(begun()),
            begun().merge(GuardedRouter::new().routes(routes())),
        ] {
            let refusal = router.build().err().map(|refusal| refusal.to_string()).unwrap_or_default();
            assert!(refusal.contains(fault), "{fault}\nis not in\n{refusal}\nfor {members}");
        }
    }
}

#[test]
fn a_sentence_in_the_form_of_the_builds_own_must_be_true() {
    let described = |summary: &str, description: &str| json!({ "get": operation(&json!({ "summary": summary, "description": description })) });
    for (item, line) in [
        (described("", "Reports.\n\nRequires group `admin`."), "Requires group `admin`."),
        (described("Reports. Requires a valid access token", ""), "Requires a valid access token"),
        (described("**Requires scope\n`read`** or none", ""), "Requires scope `read`** or none"),
        (
            json!({ "summary": "An access token is optional.", "get": operation(&json!({})) }),
            "An access token is optional.",
        ),
    ] {
        let begun = GuardedRouter::<()>::with_openapi(document(&json!({ "paths": { "/x": item } })));
        let refusal = refusal(begun.routes(routes!(open).public()));
        let fault = format!("GET /x is described with \"{line}\"");
        assert!(refusal.to_string().contains(&fault), "{fault}\nis not in\n{refusal}");
    }
}

#[test]
fn an_extension_that_would_be_written_as_a_member_is_refused() {
    let mut operation_of_its_own = document(&json!({ "paths": { "/x": { "get": operation(&json!({})) } } }));
    let mut item_of_its_own = operation_of_its_own.clone();
    let mut path_of_its_own = operation_of_its_own.clone();
    let bearer = json!([{ "bearerAuth": ["admin"] }]);
    let item = operation_of_its_own.paths.paths.get_mut("/x").unwrap();
    item.get.as_mut().unwrap().extensions = Some(Extensions::from_iter([("security", bearer.clone())]));
    let item = item_of_its_own.paths.paths.get_mut("/x").unwrap();
    item.extensions = Some(Extensions::from_iter([("delete", operation(&json!({ "security": bearer })))]));
    path_of_its_own.paths.extensions = Some(Extensions::from_iter([("/y", json!({ "get": operation(&json!({})) }))]));
    for (document, fault) in [
        (operation_of_its_own, "the extension `security` of GET /x does not begin"),
        (item_of_its_own, "the extension `delete` of /x does not begin"),
        (path_of_its_own, "the extension `/y` of the paths does not begin"),
    ] {
        let refusal = refusal(GuardedRouter::<()>::with_openapi(document).routes(routes!(open).public()));
        assert!(refusal.to_string().contains(fault), "{refusal}");
    }
}

#[tokio::test]
async fn what_is_enforced_is_written_over_what_was_written_by_hand() {
    let (issuer, verifier) = verifier().await;
    let by_hand = operation(&json!({ "security": [{ "bearerAuth": ["by-hand"] }] }));
    let begun = document(&json!({ "paths": {
        "/x": { "get": by_hand, "post": by_hand },
        "/undocumented": { "get": by_hand, "head": by_hand },
        "/any": { "put": by_hand, "query": by_hand },
    }, "security": [{ "bearerAuth": ["by-hand"] }] }));
    let guarded = GuardedRouter::with_openapi(begun)
        .routes(routes!(open, guarded).guard::<Authenticated>(&verifier))
        .route("/undocumented", route!(get, undocumented))
        .route("/any", route!(any, undocumented))
        .with_state::<()>(verifier)
        .build()
        .unwrap();
    let json = serde_json::to_value(&guarded.openapi).unwrap();
    let written =
        |path: &str, method: &str| (&json["paths"][path][method]["security"], &json["paths"][path][method]["x-access"]);
    let read = (&json!([{ "bearerAuth": ["read"] }]), &json!({ "scope": "read" }));
    assert_eq!(written("/x", "get"), (&json!([{ "bearerAuth": [] }]), &json!("authenticated")));
    assert_eq!(written("/x", "post"), read);
    // GET's handler answers HEAD, and the handler of `any` answers every method.
    for (path, method) in [("/undocumented", "get"), ("/undocumented", "head"), ("/any", "put"), ("/any", "query")] {
        assert_eq!(written(path, method), read, "{method} {path}");
    }
    assert_eq!(
        guarded.matrix.to_text(),
        "ANY   /any           scope `read`  (undocumented)\n\
         GET   /undocumented  scope `read`\n\
         GET   /x             a valid access token\n\
         POST  /x             scope `read`\n"
    );
    AccessTest::new(&issuer, API).run(&guarded.router, &guarded.matrix).await;
}

#[utoipa::path(get, path = "")]
async fn root() {}

#[derive(utoipa::OpenApi)]
#[openapi(paths(root))]
struct Root;

#[test]
fn the_root_has_one_path_in_document_and_matrix() {
    let router =
        || GuardedRouter::<()>::with_openapi(<Root as utoipa::OpenApi>::openapi()).routes(routes!(root).public());
    for (router, path) in [(router(), "/"), (GuardedRouter::new().nest("/nested", router()), "/nested")] {
        let guarded = router.build().unwrap();
        assert_eq!(guarded.openapi.paths.paths.keys().collect::<Vec<_>>(), [path]);
        assert_eq!(guarded.matrix.to_text(), format!("GET  {path}  public\n"));
    }
}

/// One handler for several methods.
#[utoipa::path(method(get, head, put), path = "/several")]
async fn several(_: RequireScopes<Read>) {}

#[tokio::test]
async fn every_method_that_a_handler_is_documented_for_is_served_and_guarded() {
    let (issuer, verifier) = verifier().await;
    let guarded = GuardedRouter::new().routes(routes!(several)).with_state::<()>(verifier).build().unwrap();
    let row = |method: &str| format!("{method:4}  /several  scope `read`\n");
    assert_eq!(guarded.matrix.to_text(), [row("GET"), row("HEAD"), row("PUT")].concat());
    for (method, expected) in [(Method::GET, 401), (Method::HEAD, 401), (Method::PUT, 401), (Method::POST, 405)] {
        assert_eq!(status(&guarded.router, method.clone(), "/several").await, expected, "{method}");
    }
    AccessTest::new(&issuer, API).run(&guarded.router, &guarded.matrix).await;
}

#[tokio::test]
async fn schemes_are_added_to_what_the_build_wrote_and_to_no_claim() {
    let (_issuer, verifier) = verifier().await;
    let guarded = GuardedRouter::new().routes(routes!(guarded)).with_state::<()>(verifier).build().unwrap();
    let mut openapi = guarded.openapi;
    // A document of another service, with claims that this router does not enforce.
    let elsewhere = operation(&json!({ "x-access": { "scope": "claimed" } }));
    openapi.merge(document(&json!({ "paths": { "/elsewhere": { "get": elsewhere } } })));
    let schemes = SecuritySchemes::bearer().oauth2("https://idp.example.com/a", "https://idp.example.com/t");
    for _ in 0..2 {
        schemes.modify(&mut openapi);
        let json = serde_json::to_value(&openapi).unwrap();
        assert!(json["paths"]["/elsewhere"]["get"]["security"].is_null());
        let both = json!([{ "bearerAuth": ["read"] }, { "oauth2": ["read"] }]);
        assert_eq!(json["paths"]["/x"]["post"]["security"], both, "once, however often they are added");
        let flow = &json["components"]["securitySchemes"]["oauth2"]["flows"]["authorizationCode"];
        assert_eq!(flow["scopes"], json!({ "read": "" }));
    }
}

#[test]
fn schemes_that_are_needed_together_stay_together() {
    let together = operation(&json!({ "security": [{ "bearerAuth": ["a"], "key": [] }, { "key": ["b"] }, {}] }));
    let mut openapi = document(&json!({ "paths": { "/x": { "get": together } } }));
    SecuritySchemes::bearer().openid_connect("https://idp.example.com/d").modify(&mut openapi);
    assert_eq!(
        serde_json::to_value(&openapi).unwrap()["paths"]["/x"]["get"]["security"],
        json!([{ "bearerAuth": ["a"], "key": [] }, { "openIdConnect": ["a"], "key": [] }, { "key": ["b"] }, {}])
    );
}

#[test]
#[should_panic = "`x-access` of GET /x is written by hand"]
fn utoipas_router_takes_no_access_that_is_written_by_hand() {
    let _: OpenApiRouter = OpenApiRouter::new().routes(routes!(claims_a_group).into());
}

/// A test can check a document's claims, but not its omissions.
#[tokio::test]
async fn an_access_test_notices_a_document_that_claims_too_much() {
    let (issuer, _verifier) = verifier().await;
    let router: OpenApiRouter = OpenApiRouter::new().routes(utoipa_axum::routes!(claims_a_group));
    let (app, openapi) = router.split_for_parts();
    let claimed = Matrix::claimed_by(&openapi);
    assert_eq!(claimed.to_text(), "GET  /x  group `admin`\n");
    // A panic in a separate task is an error of that task.
    let failure = tokio::spawn(async move { AccessTest::new(&issuer, API).run(&app, &claimed).await });
    let panic = failure.await.expect_err("the app enforces nothing").into_panic();
    assert!(panic.downcast_ref::<String>().unwrap().contains("the handler ran (200 OK)"));
}

#[test]
fn a_claim_that_cannot_be_read_claims_nothing() {
    for claim in [
        json!("admin"),
        json!({ "any": [{ "group": "admin" }, "nonsense"] }),
        json!({ "group": "admin", "scope": "read" }),
        json!({ "impliedBy": ["write"] }),
        json!([]),
    ] {
        let openapi = document(&json!({ "paths": { "/x": { "get": operation(&json!({ "x-access": claim })) } } }));
        assert_eq!(Matrix::claimed_by(&openapi).to_text(), "GET  /x  undecided\n", "{claim}");
    }
}

#[utoipa::path(get, path = "/told", description = "Requires group `admin`.\n\nAnd more.")]
async fn told(_: RequireGroups<Admin>, _: CurrentUser) {}

#[test]
fn a_true_sentence_may_be_written_by_hand_and_is_not_written_twice() {
    let guarded = GuardedRouter::<Verifier>::new().routes(routes!(told)).build().unwrap();
    let json = serde_json::to_value(&guarded.openapi).unwrap();
    assert_eq!(json["paths"]["/told"]["get"]["description"], "Requires group `admin`.\n\nAnd more.");
}
