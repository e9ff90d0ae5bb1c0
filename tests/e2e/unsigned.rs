//! The option for the Firebase emulator, which does not sign tokens: accepted and rejected tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign::error::{TokenError, VerifyError};
use countersign::keys::Algorithm;
use countersign::providers::{Firebase, Oidc};
use countersign::{ConfigError, Verifier};
use countersign_testing::SigningKey;
use countersign_tests::Journal;
use serde_json::{Value, json};

const PROJECT: &str = "demo-idp";
const EMULATOR: &str = "127.0.0.1:9099";

/// The claims that the emulator of firebase-tools issues.
fn claims(project: &str) -> Value {
    json!({
        "name": "Alice", "email": "alice@example.com", "email_verified": true, "auth_time": 1_700_000_000,
        "user_id": "abcUID", "firebase": { "identities": { "email": ["alice@example.com"] }, "sign_in_provider": "password" },
        "iat": 1_700_000_000, "exp": 4_000_000_000_u64, "aud": project,
        "iss": format!("https://securetoken.google.com/{project}"), "sub": "abcUID",
    })
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    format!("{header}.{claims}.")
}

async fn emulated() -> Verifier {
    let project = Firebase::project(PROJECT).danger().accept_unsigned_tokens(EMULATOR);
    Verifier::builder().issuer(project).build().await.unwrap()
}

#[track_caller]
fn assert_refused(
    verdict: Result<countersign::verified::VerifiedToken, VerifyError>,
    expected: TokenError,
    case: &str,
) {
    assert_eq!(verdict.err(), Some(VerifyError::Token(expected)), "{case}");
}

#[tokio::test]
async fn a_token_of_the_emulator_is_believed_behind_the_door() {
    let token = unsigned(&json!({ "alg": "none", "typ": "JWT" }), &claims(PROJECT));
    let journal = Journal::start();
    let verifier = emulated().await;
    assert!(journal.take().contains("UNSIGNED TOKENS ARE ACCEPTED"));
    for round in ["first sight", "second sight"] {
        let verified = verifier.verify(&token).await;
        assert_eq!(verified.unwrap().principal().subject(), "abcUID", "{round}");
    }
    let log = journal.take();
    assert!(log.contains("WARN") && log.contains("an unsigned token was accepted") && !log.contains("abcUID"), "{log}");
}

#[tokio::test]
async fn every_other_rule_stands_behind_the_door() {
    let verifier = emulated().await;
    let none = json!({ "alg": "none", "typ": "JWT" });
    let with = |name: &str, value: Value| {
        let mut claims = claims(PROJECT);
        claims[name] = value;
        unsigned(&none, &claims)
    };
    for (case, token, expected) in [
        ("another project", unsigned(&none, &claims("another")), TokenError::UnknownIssuer),
        ("another audience", with("aud", "another".into()), TokenError::WrongAudience),
        ("expired", with("exp", 1_700_000_000.into()), TokenError::Expired),
        ("no subject", with("sub", "".into()), TokenError::InvalidClaim("sub")),
        ("`None`", unsigned(&json!({ "alg": "None" }), &claims(PROJECT)), TokenError::AlgorithmNotAllowed),
        (
            "`RS256` without signature",
            unsigned(&json!({ "alg": "RS256" }), &claims(PROJECT)),
            TokenError::AlgorithmNotAllowed,
        ),
        ("no algorithm", unsigned(&json!({ "typ": "JWT" }), &claims(PROJECT)), TokenError::AlgorithmNotAllowed),
        ("`crit`", unsigned(&json!({ "alg": "none", "crit": ["x"] }), &claims(PROJECT)), TokenError::UnsupportedHeader),
        (
            "another type",
            unsigned(&json!({ "alg": "none", "typ": "logout+jwt" }), &claims(PROJECT)),
            TokenError::TypeNotAccepted,
        ),
        (
            "something in the place of the signature",
            format!("{}AA", unsigned(&none, &claims(PROJECT))),
            TokenError::AlgorithmNotAllowed,
        ),
        ("four parts", format!("{}.", unsigned(&none, &claims(PROJECT))), TokenError::NotCompact),
        ("a lone dot", ".".to_owned(), TokenError::NotCompact),
    ] {
        assert_refused(verifier.verify(&token).await, expected, case);
    }
    let key = SigningKey::generate(Algorithm::RS256, "key");
    let signed = key.sign(r#"{"alg":"RS256","kid":"key"}"#, claims(PROJECT).to_string());
    assert_refused(verifier.verify(&signed).await, TokenError::UnknownKey, "what is signed is not believed");
}

#[tokio::test]
async fn without_the_door_and_beside_it_nothing_unsigned_passes() {
    let key = SigningKey::generate(Algorithm::RS256, "key");
    let jwks = json!({ "keys": [key.jwk()] }).to_string();
    let none = json!({ "alg": "none", "typ": "JWT" });
    let closed = Verifier::builder().issuer(Firebase::project(PROJECT).jwks(&jwks)).build().await.unwrap();
    // Features unify, so the feature alone must change nothing: these are the reasons without it.
    for (case, token, expected) in [
        ("no door", unsigned(&none, &claims(PROJECT)), TokenError::NotCompact),
        ("no door, no type", unsigned(&json!({ "alg": "none" }), &claims(PROJECT)), TokenError::NotCompact),
        ("no door, a stranger", unsigned(&none, &claims("another")), TokenError::NotCompact),
        (
            "no door, `RS256`",
            unsigned(&json!({ "alg": "RS256", "kid": "key" }), &claims(PROJECT)),
            TokenError::NotCompact,
        ),
        ("no door, a lone dot", ".".to_owned(), TokenError::NotCompact),
        ("no door, a signature", format!("{}AA", unsigned(&none, &claims(PROJECT))), TokenError::AlgorithmNotAllowed),
    ] {
        assert_refused(closed.verify(&token).await, expected, case);
        assert_eq!(closed.verify_now(&token).map(|verdict| verdict.err()), Some(Some(expected.into())), "{case}");
    }

    // Another issuer, with signed tokens, keeps its rules.
    let both = Verifier::builder()
        .issuer(Firebase::project(PROJECT).danger().accept_unsigned_tokens(EMULATOR))
        .issuer(Oidc::issuer("https://idp.example.com").audience("api").jwks(&jwks))
        .build()
        .await
        .unwrap();
    let theirs = json!({ "iss": "https://idp.example.com", "aud": "api", "sub": "eve", "exp": 4_000_000_000_u64 });
    assert_refused(both.verify(&unsigned(&none, &theirs)).await, TokenError::AlgorithmNotAllowed, "the other issuer");
    assert!(both.verify(&key.sign(r#"{"alg":"RS256","kid":"key"}"#, theirs.to_string())).await.is_ok());
}

#[tokio::test]
async fn an_emulator_elsewhere_is_refused_at_the_start() {
    for elsewhere in ["firebase.internal:9099", "10.0.0.7:9099", "0.0.0.0:9099", "localhost.example.com:9099"] {
        let project = Firebase::project(PROJECT).danger().accept_unsigned_tokens(elsewhere);
        let built = Verifier::builder().issuer(project).build().await;
        assert!(matches!(built, Err(ConfigError::UnsignedTokens(_))), "{elsewhere}: {built:?}");
    }
}
