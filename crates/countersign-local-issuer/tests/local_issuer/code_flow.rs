//! The authorization code flow, from the login page to a verified token, and its errors.

use crate::client::{API, CALLBACK, CHALLENGE, Client, VERIFIER, authorization, claims, redemption, sent_back, with};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_core::{TokenError, VerifyError};
use countersign_local_issuer::Persona;

#[tokio::test]
async fn a_persona_logs_in_and_the_token_verifies_by_discovery() {
    let client = Client::start().await;
    let request = with(with(authorization(), "state", "a&b"), "nonce", "n-1");
    let request = with(request, "scope", "openid reports:read reports:delete");
    assert_eq!(client.show(&request).await.status(), 200);

    let response = client.choose(&with(request, "persona", "alice")).await;
    assert_eq!(response.status(), 303);
    let back = sent_back(&response);
    assert_eq!((back["state"].as_str(), back["iss"].as_str()), ("a&b", client.issuer.url()));

    let (status, tokens) = client.ask(&redemption(&back["code"])).await;
    assert_eq!(status, 200);
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&"Bearer".into(), &3600.into()));
    assert_eq!(tokens["scope"], "openid reports:read");

    let verified = client.verify(&tokens).await.unwrap();
    let principal = verified.principal();
    assert_eq!((principal.subject(), principal.is_machine()), ("alice", false));
    assert!(principal.groups().contains("admin") && principal.scopes().contains("reports:read"));
    assert!(!principal.scopes().contains("reports:write") && !principal.scopes().contains("reports:delete"));
}

#[tokio::test]
async fn an_id_token_is_for_the_client_and_contains_the_hash_of_its_access_token() {
    let client = Client::start_with(vec![
        Persona::new("alice").claim("sub", "00u1").claim("email", "alice@example.com").claim("aud", "other"),
    ])
    .await;
    let request = with(with(authorization(), "scope", "openid"), "nonce", "n-1");
    let (_, tokens) = client.ask(&redemption(&client.code("alice", request).await)).await;
    let id = claims(&tokens["id_token"]);
    let hash = digest(&SHA256, tokens["access_token"].as_str().unwrap().as_bytes());
    for (claim, expected) in [
        ("iss", client.issuer.url()),
        ("aud", "docs"),
        ("sub", "00u1"),
        ("nonce", "n-1"),
        ("email", "alice@example.com"),
        ("at_hash", &URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16])),
    ] {
        assert_eq!(id[claim], expected, "{claim}");
    }
    assert_eq!(claims(&tokens["access_token"])["aud"], "other");

    let (_, tokens) = client.ask(&redemption(&client.code("alice", authorization()).await)).await;
    assert!(tokens.get("id_token").is_none(), "the client did not request one");
}

#[tokio::test]
async fn a_code_is_good_for_one_use_by_its_client() {
    let client = Client::start().await;
    for (name, value, expected) in [
        ("code_verifier", &VERIFIER.to_lowercase()[..], "invalid_grant"),
        ("code_verifier", CHALLENGE, "invalid_grant"),
        ("code_verifier", "", "invalid_request"),
        ("client_id", "other", "invalid_grant"),
        ("redirect_uri", "http://127.0.0.1:3001/callback", "invalid_grant"),
        ("redirect_uri", "", "invalid_request"),
        ("code", "x", "invalid_grant"),
        ("code", "", "invalid_request"),
        ("resource", "https://other.example.com", "invalid_target"),
        ("grant_type", "password", "unsupported_grant_type"),
        ("grant_type", "", "invalid_request"),
    ] {
        let code = client.code("alice", authorization()).await;
        let (status, answer) = client.ask(&with(redemption(&code), name, value)).await;
        assert_eq!((status, &answer["error"]), (400, &expected.into()), "{name}={value}");
    }

    let code = client.code("alice", authorization()).await;
    assert_eq!(client.ask(&redemption(&code)).await.0, 200);
    assert_eq!(client.ask(&redemption(&code)).await.1["error"], "invalid_grant");

    let code = client.code("alice", authorization()).await;
    let wrong = with(redemption(&code), "code_verifier", CHALLENGE);
    assert_eq!(client.ask(&wrong).await.1["error"], "invalid_grant");
    assert_eq!(client.ask(&redemption(&code)).await.1["error"], "invalid_grant", "a failed use is a use");
}

#[tokio::test]
async fn a_client_requests_the_audience() {
    let client = Client::start().await;
    let aud = async |request, more: &[(&'static str, &str)]| {
        let code = client.code("alice", request).await;
        let form = more.iter().fold(redemption(&code), |form, (name, value)| with(form, name, value));
        claims(&client.ask(&form).await.1["access_token"])["aud"].clone()
    };
    let two = [("resource", "https://a.example"), ("audience", "b")];
    let both = two.iter().fold(authorization(), |form, (name, value)| with(form, name, value));
    assert_eq!(aud(authorization(), &[]).await, API);
    assert_eq!(aud(with(authorization(), "audience", "b"), &[]).await, "b");
    assert_eq!(aud(with(authorization(), "resource", "https://a.example"), &[]).await, "https://a.example");
    assert_eq!(aud(both.clone(), &[]).await, serde_json::json!(["https://a.example", "b"]));
    assert_eq!(aud(both, &[("resource", "https://a.example")]).await, "https://a.example");
}

#[tokio::test]
async fn an_invalid_authorization_request_is_redirected_with_its_error() {
    let client = Client::start().await;
    for (name, value, expected) in [
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "", "invalid_request"),
        ("response_mode", "fragment", "invalid_request"),
        ("client_id", "", "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("resource", "reports", "invalid_target"),
        ("prompt", "none", "login_required"),
        ("deny", "yes", "access_denied"),
    ] {
        let request = with(with(authorization(), "state", "s"), name, value);
        for response in [client.show(&request).await, client.choose(&with(request, "persona", "alice")).await] {
            let back = sent_back(&response);
            assert_eq!((back["error"].as_str(), back["state"].as_str()), (expected, "s"), "{name}={value}");
            assert!(!back.contains_key("code"), "{name}={value}");
        }
    }
}

#[tokio::test]
async fn no_redirect_leaves_this_machine() {
    let client = Client::start().await;
    for redirect_uri in [
        "",
        "https://app.example/callback",
        "http://127.0.0.1.app.example/",
        "http://localhost@app.example/",
        "http://127.0.0.1:3000/#fragment",
        "//app.example/",
        "javascript:alert(1)",
    ] {
        let request = with(with(authorization(), "redirect_uri", redirect_uri), "persona", "alice");
        for response in [client.show(&request).await, client.choose(&request).await] {
            assert_eq!(response.status(), 400, "{redirect_uri}");
            assert!(response.headers().get("location").is_none(), "{redirect_uri}");
        }
    }
    let twice: Vec<_> = authorization().into_iter().chain([("redirect_uri", CALLBACK.to_owned())]).collect();
    assert_eq!(client.show(&twice).await.status(), 400);
    for redirect_uri in ["http://localhost:1/", "http://[::1]:65535/cb", "https://127.0.0.1/cb"] {
        let request = with(authorization(), "redirect_uri", redirect_uri);
        assert_eq!(client.show(&request).await.status(), 200, "{redirect_uri}");
    }
}

#[tokio::test]
async fn a_persona_with_expired_tokens_logs_in_and_is_refused_by_the_api() {
    let client = Client::start().await;
    let request = with(authorization(), "scope", "openid");
    let (status, tokens) = client.ask(&redemption(&client.code("trudy", request).await)).await;
    assert_eq!((status, &tokens["expires_in"]), (200, &0.into()));
    assert!(matches!(client.verify(&tokens).await, Err(VerifyError::Token(TokenError::Expired))));
    assert!(claims(&tokens["id_token"])["exp"].as_u64() > Some(1_700_000_000), "the ID token has not expired");
}
