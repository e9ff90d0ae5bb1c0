//! Required and possible configurations of a verifier.

use countersign::error::{TokenError, VerifyError};
use countersign::keys::{Algorithm, IssuerKeys};
use countersign::policy::{Audience, Issuer, TokenKind};
use countersign::providers::{Cognito, Oidc};
use countersign::{ConfigError, Verifier};
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
    assert_refused(realm.build().await, |error| matches!(error, ConfigError::InvalidArgument { what: "realm", .. }));
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
            assert_eq!(verified.expires_at().as_secs(), 1_800_000_060);
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

/// A token gets the same reason on each code path and with each combination of issuers.
#[tokio::test]
async fn the_reason_does_not_hang_on_the_way_to_the_verdict() {
    const IDP: &str = "https://idp.example.com";
    let [key, further, stranger] = ["key", "further", "key"].map(|kid| SigningKey::generate(Algorithm::ES256, kid));
    let jwks = |keys: &[&SigningKey]| {
        let keys: Vec<String> = keys.iter().map(|key| key.jwk().to_string()).collect();
        format!(r#"{{"keys":[{}]}}"#, keys.join(","))
    };
    let oidc = || Oidc::issuer(IDP).audience(API).algorithms([Algorithm::ES256]);
    let other = || Oidc::issuer("https://other.example.com").audience(API).algorithms(Algorithm::all());
    let set = jwks(&[&key, &further]);
    let keys = IssuerKeys::jwks(&set);
    let verifiers = [
        ("one issuer", build(oidc().jwks(&set)).await.unwrap()),
        ("one issuer, no cache", Verifier::builder().issuer(oidc().jwks(&set)).without_cache().build().await.unwrap()),
        ("keys by a handle", build(oidc().keys(keys.shared())).await.unwrap()),
        ("first of two", {
            Verifier::builder()
                .issuer(oidc().jwks(&set))
                .issuer(other().jwks(jwks(&[&stranger])))
                .build()
                .await
                .unwrap()
        }),
        ("second of two", {
            Verifier::builder()
                .issuer(other().jwks(jwks(&[&stranger])))
                .issuer(oidc().jwks(&set))
                .build()
                .await
                .unwrap()
        }),
        ("a rule beside", build(oidc().jwks(&set).validate(|_| Err("never_asked".into()))).await.unwrap()),
        ("a waiting rule beside", {
            build(oidc().jwks(&set).validate_async(async |_| Err("never_asked".into()))).await.unwrap()
        }),
    ];
    let good = format!(r#"{{"iss":"{IDP}","aud":"{API}","sub":"alice","exp":4000000000}}"#);
    let foreign = good.replace(IDP, "https://foreign.example.com");
    let (known, unknown, unnamed) =
        (r#"{"alg":"ES256","kid":"key"}"#, r#"{"alg":"ES256","kid":"unheard-of"}"#, r#"{"alg":"ES256"}"#);
    let odd_form = |token: String| format!("{}.A", token.rsplit_once('.').unwrap().0);
    let table = [
        ("stranger's signature", stranger.sign(known, &good), "bad_signature"),
        ("unknown key", key.sign(unknown, &good), "unknown_key"),
        ("no key named", key.sign(unnamed, &good), "ambiguous_key"),
        ("foreign issuer", key.sign(known, &foreign), "unknown_issuer"),
        ("foreign issuer and signature", stranger.sign(known, &foreign), "unknown_issuer"),
        ("foreign issuer and key", stranger.sign(unknown, &foreign), "unknown_issuer"),
        ("foreign issuer, no key named", stranger.sign(unnamed, &foreign), "unknown_issuer"),
        ("foreign issuer and algorithm", key.sign(r#"{"alg":"RS256","kid":"key"}"#, &foreign), "unknown_issuer"),
        (
            "foreign issuer and type",
            key.sign(r#"{"alg":"ES256","kid":"key","typ":"logout+jwt"}"#, &foreign),
            "unknown_issuer",
        ),
        ("foreign issuer, expired", key.sign(known, foreign.replace("4000000000", "1")), "unknown_issuer"),
        ("no issuer, unknown key", key.sign(unknown, "{}"), "missing_claim"),
        ("no issuer, stranger's signature", stranger.sign(known, r#"{"iss":null}"#), "missing_claim"),
        ("an issuer that is no text, unknown key", key.sign(unknown, r#"{"iss":["a"]}"#), "invalid_claim"),
        ("algorithm not allowed", key.sign(r#"{"alg":"RS256","kid":"key"}"#, &good), "algorithm_not_allowed"),
        ("algorithm not allowed, no JSON", key.sign(r#"{"alg":"RS256","kid":"key"}"#, "no JSON"), "malformed_claims"),
        (
            "type not accepted, unknown key",
            key.sign(r#"{"alg":"ES256","kid":"x","typ":"logout+jwt"}"#, &good),
            "type_not_accepted",
        ),
        ("no JSON", key.sign(known, "no JSON"), "malformed_claims"),
        ("an array", key.sign(known, format!("[{good}]")), "malformed_claims"),
        ("no JSON, stranger's signature", stranger.sign(known, "no JSON"), "malformed_claims"),
        ("no JSON, unknown key", key.sign(unknown, "no JSON"), "malformed_claims"),
        (
            "a name twice, unknown key",
            key.sign(unknown, format!("{}{}", &good[..good.len() - 1], r#","sub":"b"}"#)),
            "malformed_claims",
        ),
        ("no UTF-8, unknown key", key.sign(unknown, b"{\"iss\":\"\xff\"}"), "malformed_claims"),
        ("signature of no form", odd_form(key.sign(known, &good)), "not_compact"),
        ("signature of no form, unknown key", odd_form(key.sign(unknown, &good)), "not_compact"),
        ("signature of no form, no key named", odd_form(key.sign(unnamed, &good)), "not_compact"),
        ("no signature", format!("{}.", key.sign(known, &good).rsplit_once('.').unwrap().0), "not_compact"),
        ("expired", key.sign(known, good.replace("4000000000", "1")), "expired"),
        ("another audience", key.sign(known, good.replace(API, "another")), "wrong_audience"),
    ];
    for (case, token, expected) in &table {
        for (way, verifier) in &verifiers {
            let reason = match verifier.verify(token).await {
                Err(VerifyError::Token(reason)) => reason.code(),
                other => panic!("{case}, {way}: {other:?}"),
            };
            assert_eq!(reason, *expected, "{case}, {way}");
            match verifier.verify_now(token) {
                // Only if a rule may wait. The keys are given, so none can arrive later.
                None => assert_eq!(*way, "a waiting rule beside", "{case}"),
                Some(verdict) => assert_eq!(verdict.err().map(|error| error.to_string()), Some("token refused".into())),
            }
        }
    }
}

/// A token of an untrusted issuer causes no key fetch and no 503.
#[tokio::test]
async fn no_token_of_a_stranger_asks_for_keys_or_waits_for_them() {
    let (issuer, stranger) = (TestIssuer::start().await.unwrap(), TestIssuer::start().await.unwrap());
    let verifier = build(Oidc::issuer(issuer.url()).audience(API)).await.unwrap();
    let token = stranger.token("eve").audience(API).header("kid", "made-up").mint();
    assert_eq!(verifier.verify(&token).await.unwrap_err(), TokenError::UnknownIssuer.into());
    assert!(verifier.verify_now(&token).is_some(), "it waits for nothing");
    let counts = verifier.keys().next().unwrap().counts();
    assert_eq!((issuer.requests().keys, counts.unknown, counts.forced), (1, 0, 0));

    let without_keys = build(Oidc::issuer("http://127.0.0.1:9").audience(API)).await.unwrap();
    assert!(without_keys.ready().is_err());
    assert_eq!(without_keys.verify(&token).await.unwrap_err(), TokenError::UnknownIssuer.into());
    let ours = stranger.token("eve").audience(API).claim("iss", "http://127.0.0.1:9").mint();
    assert!(matches!(without_keys.verify(&ours).await, Err(VerifyError::Unavailable(_))));
    let no_token = format!("{}.A", ours.rsplit_once('.').unwrap().0);
    assert_eq!(without_keys.verify(&no_token).await.unwrap_err(), TokenError::NotCompact.into());
}

#[tokio::test]
async fn a_tenant_that_is_not_allowed_is_no_reason_to_ask_for_keys() {
    let tenant = |digit: char| format!("{0}{0}{0}{0}{0}{0}{0}{0}-2222-3333-4444-555555555555", digit);
    let url = |tenant: &str| format!("https://login.example/{tenant}/v2.0");
    let key = SigningKey::generate(Algorithm::ES256, "key");
    let jwks = format!(r#"{{"keys":[{}]}}"#, key.jwk());
    let tenants = || {
        let issuer = Issuer::new(url("{tenantid}"), IssuerKeys::jwks(&jwks)).audience(Audience::any_of([API]));
        issuer.for_tenants(countersign_core::TenantTemplate { placeholder: "{tenantid}", claim: "tid" }, [tenant('1')])
    };
    let other = Oidc::issuer("https://idp.example.com").audience(API).jwks(&jwks);
    let beside = Verifier::builder().issuer(other).issuer(tenants()).build().await.unwrap();
    let claims = |iss: &str| format!(r#"{{"iss":"{iss}","aud":"{API}","sub":"alice","exp":4000000000}}"#);
    for verifier in [build(tenants()).await.unwrap(), beside] {
        for (iss, expected) in [
            (url(&tenant('2')), TokenError::WrongTenant),
            (url("common"), TokenError::UnknownIssuer),
            (url(&tenant('1')), TokenError::UnknownKey),
        ] {
            let token = key.sign(r#"{"alg":"ES256","kid":"unheard-of"}"#, claims(&iss));
            assert_eq!(verifier.verify(&token).await.unwrap_err(), expected.into(), "{iss}");
        }
    }
}
