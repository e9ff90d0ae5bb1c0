//! Unexpected behaviour of real providers, over real HTTP. Other files test the rest:
//!
//! | behaviour | test |
//! |---|---|
//! | `typ` of `JWT`, `at+jwt` or none; no `kid` | `tests/corpus/attacks/header.toml`, `tests/live` |
//! | `aud` missing, a text, an array, empty; no `sub` | `tests/corpus/attacks/claims.toml`, `tests/live` (Auth0) |
//! | `scope` as a text, `scp` as a text or an array | `tests/corpus/attacks/claims.toml`, `tests/live` (Entra ID, Okta) |
//! | keys that cannot be read in the set | `tests/corpus/attacks/keys.toml`, `verifier.rs`, and here as providers have them |
//! | keys on another host | `keys_over_http.rs`, `tests/live` (Firebase, Entra ID version 1) |
//! | keys over http under an issuer over https | `tests/live` (misleading discovery) |
//! | one key for all tenants | here, `tests/live` (Cognito, Entra ID, Auth0, Firebase) |

use axum::Router;
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue};
use axum::routing::get;
use countersign::Verifier;
use countersign::error::{TokenError, VerifyError};
use countersign::keys::Algorithm;
use countersign::policy::TokenKind;
use countersign::providers::Oidc;
use countersign_testing::{SigningKey, TestIssuer};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;

/// A provider with a configurable discovery document.
struct OddProvider {
    base: String,
}

impl OddProvider {
    /// Starts the provider, with functions that make discovery document and keys for its base URL.
    async fn start(documents: impl FnOnce(&str) -> (Value, Value), media_type: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (metadata, jwks) = documents(&base);
        let mut headers = HeaderMap::new();
        headers.extend(media_type.map(|media_type| (CONTENT_TYPE, HeaderValue::from_static(media_type))));
        let answer = |document: Value| {
            let (headers, text) = (headers.clone(), document.to_string());
            // A body as such, since axum gives bytes and text a media type.
            get(async move || (headers, Body::from(text)))
        };
        // Both documents are at the root, for any path of the issuer.
        let router =
            Router::new().route("/.well-known/openid-configuration", answer(metadata)).route("/jwks", answer(jwks));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { base }
    }

    /// Publishes these keys, and its real name.
    async fn publishing(keys: Value, media_type: Option<&'static str>) -> Self {
        let documents = |base: &str| (metadata(base, base), json!({ "keys": keys }));
        Self::start(documents, media_type).await
    }

    async fn verifier(&self) -> Verifier {
        verifier(&self.base).await
    }
}

fn metadata(issuer: &str, base: &str) -> Value {
    json!({ "issuer": issuer, "jwks_uri": format!("{base}/jwks") })
}

async fn verifier(issuer: &str) -> Verifier {
    Verifier::builder().issuer(Oidc::issuer(issuer).audience("api")).build().await.unwrap()
}

fn claims(issuer: &str) -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    json!({ "iss": issuer, "sub": "alice", "aud": "api", "iat": now, "exp": now + 300 })
}

fn signed(key: &SigningKey, header: Value, claims: &Value) -> String {
    let mut header = header;
    header["alg"] = key.algorithm().name().into();
    key.sign(header.to_string(), claims.to_string())
}

/// The published key with changed members. A null removes a member.
fn published(key: &SigningKey, members: Value) -> Value {
    let mut jwk = key.jwk();
    for (name, value) in members.as_object().unwrap() {
        if value.is_null() {
            jwk.as_object_mut().unwrap().remove(name);
        } else {
            jwk[name] = value.clone();
        }
    }
    jwk
}

#[tokio::test]
async fn keys_are_read_whatever_media_type_of_data_they_come_as() {
    let key = SigningKey::generate(Algorithm::ES256, "k");
    for media_type in [
        Some("application/jwk-set+json"), // RFC 7517 section 8.5, and oidc-provider
        Some("application/jwk-set+json; charset=utf-8"),
        Some("application/json"),
        Some("application/json;charset=UTF-8"),
        Some("text/plain"),               // from a bucket
        Some("application/octet-stream"), // the same, without a guess
        None,
    ] {
        let provider = OddProvider::publishing(json!([key.jwk()]), media_type).await;
        let token = signed(&key, json!({ "kid": "k" }), &claims(&provider.base));
        assert!(provider.verifier().await.verify(&token).await.is_ok(), "{media_type:?}");
    }
}

#[tokio::test]
async fn keys_are_used_as_sparsely_as_providers_describe_them() {
    let key = SigningKey::generate(Algorithm::ES256, "k");
    for (who, members, header) in [
        (
            "Entra ID",
            json!({ "alg": null, "x5t": "k", "x5c": ["MIIC"], "issuer": "https://x.test" }),
            json!({ "kid": "k" }),
        ),
        ("LemonLDAP::NG", json!({ "alg": null }), json!({ "kid": "k", "typ": "JWT" })),
        ("neither alg nor use", json!({ "alg": null, "use": null }), json!({ "kid": "k" })),
        ("oidc-provider-mock", json!({ "kid": null }), json!({})),
        ("oidc-provider-mock, a kid in the set only", json!({}), json!({})),
    ] {
        let provider = OddProvider::publishing(json!([published(&key, members)]), None).await;
        let token = signed(&key, header, &claims(&provider.base));
        assert_eq!(provider.verifier().await.verify(&token).await.map(drop), Ok(()), "{who}");
    }
}

#[tokio::test]
async fn keys_that_nobody_knows_yet_stand_in_nobody_s_way() {
    let key = SigningKey::generate(Algorithm::ES256, "k");
    let rsa = SigningKey::generate(Algorithm::RS256, "rsa");
    for stranger in [
        json!({ "kty": "AKP", "kid": "pq", "alg": "ML-DSA-65", "pub": "AAAA", "use": "sig" }),
        json!({ "kty": "future", "kid": "f" }),
        json!({ "kty": "OKP", "crv": "Ed448", "kid": "448", "alg": "EdDSA", "x": "AAAA" }),
        json!({ "kty": "oct", "kid": "hmac", "alg": "HS256", "k": "AAAA" }),
        published(&rsa, json!({ "alg": "RSA-OAEP", "use": "enc" })), // Keycloak
        published(&rsa, json!({ "alg": "RS1" })),
    ] {
        let provider = OddProvider::publishing(json!([stranger, key.jwk()]), None).await;
        let token = signed(&key, json!({ "kid": "k" }), &claims(&provider.base));
        assert_eq!(provider.verifier().await.verify(&token).await.map(drop), Ok(()), "{stranger}");
    }
}

#[tokio::test]
async fn times_may_have_fractions() {
    let issuer = TestIssuer::start_with([Algorithm::ES256]).await.unwrap();
    let verifier = verifier(issuer.url()).await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    // RFC 7519 section 2 allows it; canaille writes `auth_time` so.
    let token = ["iat", "nbf", "auth_time"]
        .iter()
        .fold(issuer.token("alice").audience("api").algorithm(Algorithm::ES256), |token, time| token.claim(time, now));
    assert_eq!(verifier.verify(&token.claim("exp", now + 60.5).mint()).await.map(drop), Ok(()));
}

/// The issuer of Auth0 and Entra ID v1 ends in a slash, and others do not. The discovery document decides.
#[tokio::test]
async fn a_slash_at_the_end_of_an_issuer_counts() {
    let key = SigningKey::generate(Algorithm::ES256, "k");
    for (configured, discovered, claimed, expected) in [
        ("/", "/", "/", Some(Ok(()))),
        ("/", "/", "", Some(Err(TokenError::UnknownIssuer))),
        ("", "", "", Some(Ok(()))),
        ("", "", "/", Some(Err(TokenError::UnknownIssuer))),
        // Another issuer's document, so there are no keys.
        ("", "/", "", None),
        ("/", "", "/", None),
    ] {
        let documents = |base: &str| (metadata(&format!("{base}{discovered}"), base), json!({ "keys": [key.jwk()] }));
        let provider = OddProvider::start(documents, None).await;
        let verifier = verifier(&format!("{}{configured}", provider.base)).await;
        let token = signed(&key, json!({ "kid": "k" }), &claims(&format!("{}{claimed}", provider.base)));
        let verdict = match verifier.verify(&token).await {
            Ok(_) => Some(Ok(())),
            Err(VerifyError::Token(reason)) => Some(Err(reason)),
            Err(_) => None,
        };
        assert_eq!(verdict, expected, "configured {configured:?}, discovered {discovered:?}, claimed {claimed:?}");
    }
}

#[tokio::test]
async fn localhost_and_127_0_0_1_are_two_issuers() {
    let key = SigningKey::generate(Algorithm::ES256, "k");
    for (configured, claimed, expected) in [
        ("localhost", "localhost", Ok(())),
        ("localhost", "127.0.0.1", Err(TokenError::UnknownIssuer.into())),
        ("127.0.0.1", "localhost", Err(TokenError::UnknownIssuer.into())),
    ] {
        let named = |base: &str, host: &str| base.replace("127.0.0.1", host);
        let documents = |base: &str| (metadata(&named(base, configured), base), json!({ "keys": [key.jwk()] }));
        let provider = OddProvider::start(documents, None).await;
        let verifier = verifier(&named(&provider.base, configured)).await;
        let token = signed(&key, json!({ "kid": "k" }), &claims(&named(&provider.base, claimed)));
        assert_eq!(verifier.verify(&token).await.map(drop), expected, "configured {configured}, claimed {claimed}");
    }
}

/// All projects of Firebase, all tenants of Entra ID and, in moto, all pools of Cognito sign with the same keys.
#[tokio::test]
async fn of_two_issuers_with_one_key_each_speaks_for_itself() {
    let key = SigningKey::generate(Algorithm::ES256, "k");
    let first = OddProvider::publishing(json!([key.jwk()]), None).await;
    let second = OddProvider::publishing(json!([key.jwk()]), None).await;
    let third = "http://127.0.0.1:9";
    let verifier = Verifier::builder()
        .issuer(Oidc::issuer(&first.base).audience("api"))
        .issuer(Oidc::issuer(&second.base).audience("second"))
        .build()
        .await
        .unwrap();
    for (issuer, audience, expected) in [
        (first.base.as_str(), "api", Ok(first.base.clone())),
        (&second.base, "second", Ok(second.base.clone())),
        (&second.base, "api", Err(TokenError::WrongAudience.into())),
        (&first.base, "second", Err(TokenError::WrongAudience.into())),
        (third, "api", Err(TokenError::UnknownIssuer.into())),
    ] {
        let mut claims = claims(issuer);
        claims["aud"] = audience.into();
        let verdict = verifier.verify(&signed(&key, json!({ "kid": "k" }), &claims)).await;
        assert_eq!(verdict.map(|token| token.principal().issuer().to_owned()), expected, "{issuer} for {audience}");
    }
}

/// If two kinds of token are accepted, each keeps its own `typ`.
#[tokio::test]
async fn a_kind_is_not_taken_for_another_one_by_its_type() {
    let issuer = TestIssuer::start().await.unwrap();
    let provider = Oidc::issuer(issuer.url()).audience("api").client_id("app").kind(TokenKind::rfc9068());
    let verifier = Verifier::builder().issuer(provider.access_or_id_tokens()).build().await.unwrap();
    let token = |typ: &str, audience: &str| {
        let token = issuer.token("alice").audience(audience).claim("client_id", "app").claim("jti", "7");
        token.header("typ", typ).mint()
    };
    for (typ, audience, accepted) in
        [("at+jwt", "api", true), ("JWT", "app", true), ("at+jwt", "app", false), ("JWT", "api", false)]
    {
        let verdict = verifier.verify(&token(typ, audience)).await;
        assert_eq!(verdict.is_ok(), accepted, "{typ} for {audience}: {verdict:?}");
    }
}
