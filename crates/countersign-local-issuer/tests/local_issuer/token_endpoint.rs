//! The token endpoint for programs, discovery, and key rotation.

use crate::client::{API, Client, Form, claims, with};
use serde_json::json;

fn credentials() -> Form {
    vec![("grant_type", "client_credentials".to_owned()), ("client_id", "svc".to_owned())]
}

#[tokio::test]
async fn a_program_gets_a_token_for_itself() {
    let client = Client::start().await;
    let (status, tokens) = client.ask(&with(credentials(), "scope", "reports:read reports:write")).await;
    assert_eq!(status, 200);
    assert!(tokens.get("id_token").is_none());
    let verified = client.verify(&tokens).await.unwrap();
    let principal = verified.principal();
    assert_eq!((principal.subject(), principal.is_machine()), ("svc", true));
    assert!(principal.scopes().contains("reports:write"));

    let (_, tokens) = client.ask(&with(credentials(), "audience", "other")).await;
    assert_eq!(claims(&tokens["access_token"])["aud"], "other");
    assert!(client.verify(&tokens).await.is_err());
}

#[tokio::test]
async fn a_client_id_may_be_in_the_authorization_header() {
    let client = Client::start().await;
    let ask = async |id, form: &Form| {
        let request = client.http.post(client.url("/token")).basic_auth(id, Some("any secret")).form(form);
        request.send().await.unwrap()
    };
    let form = with(credentials(), "client_id", "");
    let tokens: serde_json::Value = ask("svc", &form).await.json().await.unwrap();
    assert_eq!(client.verify(&tokens).await.unwrap().principal().subject(), "svc");

    let refused = ask("", &form).await;
    assert_eq!(refused.status(), 401);
    assert!(refused.headers()["www-authenticate"].to_str().unwrap().starts_with("Basic "));
}

#[tokio::test]
async fn a_body_that_is_not_a_form_is_refused() {
    let client = Client::start().await;
    for (kind, expected) in [
        ("application/x-www-form-urlencoded", 200),
        ("application/x-www-form-urlencoded;charset=UTF-8", 200),
        ("application/json", 400),
        ("text/plain", 400),
    ] {
        let request = client.http.post(client.url("/token")).header("content-type", kind);
        let response = request.body("grant_type=client_credentials&client_id=svc").send().await.unwrap();
        assert_eq!(response.status(), expected, "{kind}");
    }
    let long = with(credentials(), "client_secret", &"s".repeat(9 * 1024));
    assert_eq!(client.ask(&long).await.1["error"], "invalid_request");
    let endless = client.http.post(client.url("/token")).form(&with(credentials(), "x", &"x".repeat(64 * 1024)));
    assert_eq!(endless.send().await.unwrap().status(), 413);
}

#[tokio::test]
async fn discovery_describes_the_endpoints() {
    let client = Client::start().await;
    let metadata = client.discovered().await;
    let url = client.issuer.url();
    for (member, expected) in [
        ("issuer", json!(url)),
        ("jwks_uri", json!(format!("{url}/jwks"))),
        ("authorization_endpoint", json!(format!("{url}/authorize"))),
        ("token_endpoint", json!(format!("{url}/token"))),
        ("response_types_supported", json!(["code"])),
        ("grant_types_supported", json!(["authorization_code", "client_credentials"])),
        ("code_challenge_methods_supported", json!(["S256"])),
        ("scopes_supported", json!(["openid", "reports:read", "reports:write"])),
        ("subject_types_supported", json!(["public"])),
        ("id_token_signing_alg_values_supported", json!(["RS256"])),
    ] {
        assert_eq!(metadata[member], expected, "{member}");
    }
}

#[tokio::test]
async fn keys_rotate_over_http_and_the_next_token_verifies() {
    let client = Client::start().await;
    let (_, before) = client.ask(&credentials()).await;
    client.verify(&before).await.unwrap();

    let rotated: serde_json::Value =
        client.http.post(client.url("/rotate")).send().await.unwrap().json().await.unwrap();
    let (_, after) = client.ask(&credentials()).await;
    let header = header_of(&after["access_token"]);
    assert_eq!(header["kid"], rotated["kids"][0]);
    assert_ne!(header["kid"], header_of(&before["access_token"])["kid"]);
    client.verify(&after).await.unwrap();
    client.verify(&before).await.unwrap();
    assert_eq!(client.issuer.test_issuer().requests().keys, 2);
}

#[tokio::test]
async fn a_token_without_login_is_the_token_of_a_login() {
    let client = Client::start().await;
    let token = client.issuer.token("bob").mint();
    let verified = client.verifier.verify(&token).await.unwrap();
    assert!(
        verified.principal().groups().contains("manager") && verified.principal().scopes().contains("reports:read")
    );
    assert_eq!(client.issuer.audience(), API);
}

fn header_of(token: &serde_json::Value) -> serde_json::Value {
    use base64::Engine as _;
    let header = token.as_str().unwrap().split('.').next().unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap()
}
