//! What a configuration must have, and what it can be made of.

use countersign::{
    Algorithm, Audience, Cognito, ConfigError, Issuer, IssuerKeys, Oidc, TokenError, TokenKind, Verifier, VerifyError,
};
use countersign_core::{Clock, ManualClock};
use countersign_testing::{SigningKey, TestIssuer};
use std::sync::Arc;
use std::time::Duration;

const API: &str = "https://api.example.com";

async fn build(issuer: impl countersign_core::IntoIssuer) -> Result<Verifier, ConfigError> {
    Verifier::builder().issuer(issuer).build().await
}

#[track_caller]
fn assert_refused(built: Result<Verifier, ConfigError>, expected: fn(&ConfigError) -> bool) {
    let error = built.expect_err("a configuration without policy is refused");
    assert!(expected(&error), "{error:?}");
    let message = error.to_string();
    assert!(!message.ends_with('.') && message.starts_with(|first: char| !first.is_uppercase()), "{message}");
}

#[tokio::test]
async fn a_missing_policy_is_an_error_of_build() {
    assert_refused(Verifier::builder().build().await, |error| matches!(error, ConfigError::NoIssuer));
    let key = SigningKey::generate(Algorithm::EdDSA, "k");
    let jwks = format!(r#"{{"keys":[{}]}}"#, key.jwk());
    let oidc = || Oidc::issuer("https://idp.example.com").jwks(&jwks);
    assert!(build(oidc().audience(API)).await.is_ok());

    assert_refused(build(oidc()).await, |error| matches!(error, ConfigError::NoAudience(_)));
    assert_refused(build(oidc().audience("")).await, |error| matches!(error, ConfigError::NoAudience(_)));
    assert_refused(build(oidc().audience(API).algorithms([])).await, |error| {
        matches!(error, ConfigError::NoAlgorithm(_))
    });
    assert_refused(build(oidc().audience(API).algorithms([Algorithm::RS256])).await, |error| {
        matches!(error, ConfigError::NoUsableKey { .. })
    });
    assert_refused(build(oidc().audience(API).leeway(Duration::from_secs(601))).await, |error| {
        matches!(error, ConfigError::LeewayTooLong(_))
    });
    assert_refused(build(oidc().audience(API).jwks("{}")).await, |error| matches!(error, ConfigError::InvalidJwks(_)));
    assert_refused(build(oidc().audience(API).pem("")).await, |error| matches!(error, ConfigError::InvalidPem(_)));
    assert_refused(build(Cognito::user_pool("eu-west-1", "nonsense").client_id("c")).await, |error| {
        matches!(error, ConfigError::InvalidArgument { .. })
    });
    let (one, other) = (SigningKey::generate(Algorithm::ES256, "k"), SigningKey::generate(Algorithm::ES256, "k"));
    let same_name = format!(r#"{{"keys":[{},{}]}}"#, one.jwk(), other.jwk());
    assert_refused(build(oidc().audience(API).jwks(same_name)).await, |error| {
        matches!(error, ConfigError::AmbiguousKeys(_))
    });
    let two_pems = format!("{}{}", one.public_pem(), other.public_pem());
    assert_refused(build(oidc().audience(API).pem(two_pems)).await, |error| {
        matches!(error, ConfigError::AmbiguousKeys(_))
    });
    let one_each = format!("{}{}", one.public_pem(), key.public_pem());
    assert!(build(oidc().audience(API).pem(one_each)).await.is_ok());
    let twice = Verifier::builder().issuer(oidc().audience(API)).issuer(oidc().audience("other"));
    assert_refused(twice.build().await, |error| matches!(error, ConfigError::DuplicateIssuer(_)));
    let realm = Verifier::builder().issuer(oidc().audience(API)).realm("a\r\nb");
    assert_refused(realm.build().await, |error| matches!(error, ConfigError::InvalidRealm));
}

#[tokio::test]
async fn keys_over_http_are_refused_beyond_loopback() {
    for issuer in ["http://idp.example.com", "http://10.0.0.1", "http://127.0.0.1.example.com", "idp.example.com", ""] {
        let built = build(Oidc::issuer(issuer).audience(API)).await;
        assert_refused(built, |error| matches!(error, ConfigError::InvalidIssuer { .. }));
    }
    let built =
        build(Oidc::issuer("https://idp.example.com").jwks_url("http://idp.example.com/jwks").audience(API)).await;
    assert_refused(built, |error| matches!(error, ConfigError::InvalidIssuer { .. }));
}

#[tokio::test]
async fn static_keys_need_no_network() {
    for algorithm in Algorithm::all() {
        let key = SigningKey::generate(algorithm, "k");
        let jwks = format!(r#"{{"keys":[{}]}}"#, key.jwk());
        let header = format!(r#"{{"alg":"{algorithm}","kid":"k"}}"#);
        let claims =
            r#"{"iss":"https://idp.example.com","aud":"https://api.example.com","sub":"alice","exp":1800000060}"#;
        let token = key.sign(header, claims);
        for keys in [IssuerKeys::jwks(&jwks), IssuerKeys::pem(key.public_pem())] {
            let issuer = Issuer::new("https://idp.example.com", keys).audience(Audience::any_of([API]));
            let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(1_800_000_000));
            let builder = Verifier::builder().issuer(issuer.algorithms([algorithm])).clock(clock);
            let verified = builder.build().await.unwrap().verify(&token).await.unwrap();
            assert_eq!(verified.principal().subject(), "alice", "{algorithm}");
            assert_eq!(verified.expires_at(), 1_800_000_060);
        }
    }
}

#[tokio::test]
async fn several_issuers_are_told_apart_and_keep_their_own_keys_and_audiences() {
    let (first, second, stranger) =
        (TestIssuer::start().await.unwrap(), TestIssuer::start().await.unwrap(), TestIssuer::start().await.unwrap());
    let verifier = Verifier::builder()
        .issuer(Oidc::issuer(first.url()).audience("first-api"))
        .issuer(Oidc::issuer(second.url()).audience("second-api"))
        .build()
        .await
        .unwrap();
    let verify = async |token: String| match verifier.verify(&token).await {
        Ok(token) => Ok(token.principal().issuer().to_owned()),
        Err(VerifyError::Token(reason)) => Err(reason),
        Err(other) => panic!("{other:?}"),
    };
    assert_eq!(verify(first.token("a").audience("first-api").mint()).await.as_deref(), Ok(first.url()));
    assert_eq!(verify(second.token("a").audience("second-api").mint()).await.as_deref(), Ok(second.url()));

    assert_eq!(verify(first.token("a").audience("second-api").mint()).await, Err(TokenError::WrongAudience));
    assert_eq!(verify(stranger.token("a").audience("first-api").mint()).await, Err(TokenError::UnknownIssuer));
    let borrowed_name = stranger.token("a").audience("first-api").claim("iss", first.url()).mint();
    assert_eq!(verify(borrowed_name).await, Err(TokenError::BadSignature));
    assert_eq!(
        verify(first.token("a").audience("first-api").without("iss").mint()).await,
        Err(TokenError::MissingClaim("iss"))
    );
}

#[tokio::test]
async fn discovery_of_another_issuer_gives_no_keys() {
    let issuer = TestIssuer::start().await.unwrap();
    let other_name = issuer.url().replace("127.0.0.1", "localhost");
    let verifier = build(Oidc::issuer(&other_name).audience(API)).await.unwrap();
    assert!(verifier.ready().is_err());
    let token = issuer.token("alice").audience(API).claim("iss", other_name).mint();
    assert!(matches!(verifier.verify(&token).await, Err(VerifyError::Unavailable(_))));
}

#[tokio::test]
async fn rfc_9068_tokens_can_be_demanded() {
    let issuer = TestIssuer::start().await.unwrap();
    let verifier = build(Oidc::issuer(issuer.url()).audience(API).kind(TokenKind::rfc9068())).await.unwrap();
    assert!(verifier.verify(&issuer.token("alice").audience(API).mint()).await.is_ok());
    let plain = issuer.token("alice").audience(API).header("typ", "JWT").mint();
    assert_eq!(verifier.verify(&plain).await.unwrap_err(), TokenError::TypeNotAccepted.into());
    let without = issuer.token("alice").audience(API).without("client_id").mint();
    assert_eq!(verifier.verify(&without).await.unwrap_err(), TokenError::MissingClaim("client_id").into());
}

#[tokio::test]
async fn tokens_of_another_purpose_are_refused_without_any_typ() {
    let issuer = TestIssuer::start().await.unwrap();
    let verifier = build(Oidc::issuer(issuer.url()).audience(API)).await.unwrap();
    for (claim, value) in [
        ("nonce", "n".into()),
        ("at_hash", "h".into()),
        ("events", serde_json::json!({ "http://schemas.openid.net/event/backchannel-logout": {} })),
        ("cnf", serde_json::json!({ "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" })),
    ] {
        let token = issuer.token("alice").audience(API).header("typ", "JWT").claim(claim, value).mint();
        assert_eq!(verifier.verify(&token).await.unwrap_err(), TokenError::WrongKind.into(), "{claim}");
    }
}

#[tokio::test]
async fn one_odd_key_never_spoils_the_others() {
    let key = SigningKey::generate(Algorithm::ES256, "good");
    let claims = r#"{"iss":"https://idp.example.com","aud":"https://api.example.com","sub":"alice","exp":4000000000}"#;
    let token = key.sign(r#"{"alg":"ES256","kid":"good"}"#, claims);
    for odd in [
        "1e400",
        r#"{"kty":"RSA","n":1e400}"#,
        r#""\ud800""#,
        "null",
        "[]",
        r#"{"kty":"oct","k":"AA"}"#,
        r#"{"kty":"AKP","kid":"good"}"#,
        r#"{"kty":"EC","use":"enc","use":"sig"}"#,
        r#"{"kid":7,"kty":"EC"}"#,
    ] {
        let jwks = format!(r#"{{"keys":[{odd},{}]}}"#, key.jwk());
        let verifier = build(Oidc::issuer("https://idp.example.com").audience(API).jwks(jwks)).await.unwrap();
        assert!(verifier.verify(&token).await.is_ok(), "{odd}");
    }
}
