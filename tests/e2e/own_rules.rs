//! Custom rules, which run after the standard validation.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use countersign::clock::ManualClock;
use countersign::error::{Dependency, TokenError, Unavailable, VerifyError};
use countersign::keys::{Algorithm, IssuerKeys};
use countersign::policy::{Audience, Issuer};
use countersign::providers::Oidc;
use countersign::{Authenticated, CurrentUser, GuardExt, Verifier};
use countersign_core::IntoIssuer;
use countersign_testing::SigningKey;
use serde::Deserialize;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::Instant;
use tower::ServiceExt;

const NOW: u64 = 1_800_000_000;
const ISSUER: &str = "https://idp.example";

#[derive(Deserialize)]
struct Staff {
    department: String,
}

struct World {
    key: SigningKey,
    clock: Arc<ManualClock>,
}

impl World {
    fn new() -> Self {
        Self { key: SigningKey::generate(Algorithm::ES256, "key"), clock: Arc::new(ManualClock::at(NOW)) }
    }

    fn jwks(&self) -> String {
        format!(r#"{{"keys":[{}]}}"#, self.key.jwk())
    }

    fn issuer(&self) -> Issuer {
        Issuer::new(ISSUER, IssuerKeys::jwks(self.jwks())).audience(Audience::any_of(["api"]))
    }

    async fn verifier(&self, issuer: impl IntoIssuer) -> Verifier {
        Verifier::builder().issuer(issuer).clock(self.clock.clone()).build().await.unwrap()
    }

    fn token(&self, more: &str) -> String {
        let claims = format!(r#"{{"iss":"{ISSUER}","aud":"api","sub":"alice","exp":{}{more}}}"#, NOW + 86_400);
        self.key.sign(r#"{"alg":"ES256","kid":"key"}"#, &claims)
    }
}

async fn verdict(verifier: &Verifier, token: &str) -> Result<(), VerifyError> {
    verifier.verify(token).await.map(drop)
}

#[tokio::test]
async fn a_rule_refuses_what_every_other_rule_lets_through() {
    let world = World::new();
    let sales = |token: &countersign::verified::VerifiedToken| match &*token.claims::<Staff>()?.department {
        "sales" => Ok(()),
        _ => Err("other_department".into()),
    };
    let provider = Oidc::issuer(ISSUER).audience("api").jwks(world.jwks()).validate(sales);
    for verifier in [world.verifier(world.issuer().validate(sales)).await, world.verifier(provider).await] {
        let ask = async |more: &str| verdict(&verifier, &world.token(more)).await;
        assert_eq!(ask(r#","department":"sales""#).await, Ok(()));
        let refused = TokenError::RefusedByRule("other_department");
        assert_eq!(ask(r#","department":"hr""#).await, Err(refused.into()));
        assert_eq!(ask("").await, Err(TokenError::ClaimsMismatch.into()));
        assert_eq!(refused.code(), "refused_by_rule");
        assert_eq!(refused.to_string(), "refused by a rule of the application: other_department");
    }
}

#[tokio::test]
async fn rules_are_asked_in_order_and_only_about_good_tokens() {
    let world = World::new();
    let asked = Arc::new(AtomicUsize::new(0));
    let [first, second, third] = [0, 1, 2].map(|_| Arc::clone(&asked));
    let issuer = world
        .issuer()
        .validate_async(move |_| {
            assert_eq!(third.fetch_add(1, Ordering::SeqCst), 2, "rules that wait run last");
            async { Ok(()) }
        })
        .validate(move |_| {
            assert_eq!(first.fetch_add(1, Ordering::SeqCst), 0);
            Ok(())
        })
        .validate(move |_| {
            assert_eq!(second.fetch_add(1, Ordering::SeqCst), 1);
            Ok(())
        });
    let verifier = world.verifier(issuer).await;
    let token = world.token("");
    let (signed, _) = token.rsplit_once('.').unwrap();
    for bad in [world.token(r#","nbf":1900000000"#), format!("{signed}.AAAA"), "a.b.c".to_owned()] {
        assert!(verdict(&verifier, &bad).await.is_err());
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    assert_eq!(verdict(&verifier, &token).await, Ok(()));
    assert_eq!(asked.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_yes_is_kept_as_long_as_the_token_and_a_no_is_not_kept() {
    let world = World::new();
    for waits in [false, true] {
        world.clock.set(NOW);
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        let answer = move || if counter.fetch_add(1, Ordering::SeqCst) < 2 { Err("not_yet") } else { Ok(()) };
        let issuer = match waits {
            false => world.issuer().validate(move |_| Ok(answer()?)),
            true => world.issuer().validate_async(move |_| std::future::ready(answer().map_err(Into::into))),
        };
        let verifier = world.verifier(issuer).await;
        let token = world.token("");
        for (seconds, expected, calls) in [
            (0, Err(TokenError::RefusedByRule("not_yet").into()), 1),
            (0, Err(TokenError::RefusedByRule("not_yet").into()), 2),
            (0, Ok(()), 3),
            (299, Ok(()), 3),
            (300, Ok(()), 4),
        ] {
            world.clock.set(NOW + seconds);
            assert_eq!(verdict(&verifier, &token).await, expected);
            assert_eq!(asked.load(Ordering::SeqCst), calls, "{seconds} s, waits: {waits}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_waits_gives_no_verdict_at_once_and_none_after_its_deadline() {
    let world = World::new();
    let verifier = world.verifier(world.issuer().validate_async(|_| async { Ok(()) })).await;
    let token = world.token("");
    assert!(verifier.verify_now(&token).is_none());
    assert!(verifier.verify_now("a.b.c").is_some_and(|verdict| verdict.is_err()));
    assert_eq!(verdict(&verifier, &token).await, Ok(()));
    assert!(verifier.verify_now(&token).is_some_and(|verdict| verdict.is_ok()), "it is known now");

    let down = Unavailable::new(Dependency::Rule, Duration::from_secs(7));
    let verifier = world.verifier(world.issuer().validate_async(move |_| async move { Err(down.into()) })).await;
    assert_eq!(verdict(&verifier, &token).await, Err(VerifyError::Unavailable(down)));

    let verifier = world.verifier(world.issuer().validate_async(|_| pending())).await;
    let start = Instant::now();
    let expected = Unavailable::new(Dependency::Rule, Duration::from_secs(1));
    assert_eq!(verdict(&verifier, &token).await, Err(expected.into()));
    assert_eq!(start.elapsed().as_secs(), 2);
}

#[tokio::test]
async fn each_issuer_has_its_own_rules() {
    let world = World::new();
    let keys = IssuerKeys::jwks(world.jwks());
    let strict = Issuer::new("https://strict.example", keys).audience(Audience::any_of(["api"]));
    let verifier = Verifier::builder()
        .issuer(world.issuer())
        .issuer(strict.validate(|_| Err("never".into())))
        .clock(world.clock.clone())
        .build()
        .await
        .unwrap();
    assert_eq!(verdict(&verifier, &world.token("")).await, Ok(()));
    let claims = format!(r#"{{"iss":"https://strict.example","aud":"api","sub":"alice","exp":{}}}"#, NOW + 60);
    let token = world.key.sign(r#"{"alg":"ES256","kid":"key"}"#, &claims);
    assert_eq!(verdict(&verifier, &token).await, Err(TokenError::RefusedByRule("never").into()));
}

#[tokio::test]
async fn a_client_learns_of_no_rule() {
    let world = World::new();
    let down = Unavailable::new(Dependency::Rule, Duration::from_secs(7));
    for (issuer, status) in [
        (world.issuer().validate(|_| Err("secret_rule".into())), 401),
        (world.issuer().validate_async(|_| async { Err("secret_rule".into()) }), 401),
        (world.issuer().validate_async(move |_| async move { Err(down.into()) }), 503),
    ] {
        let verifier = world.verifier(issuer).await;
        let app = Router::new()
            .route("/layer", get(async || ()).guard::<Authenticated>(&verifier))
            .route("/argument", get(async |_: CurrentUser| ()))
            .with_state(verifier);
        for path in ["/layer", "/argument"] {
            let request = Request::builder().uri(path).header("authorization", format!("Bearer {}", world.token("")));
            let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(response.status().as_u16(), status, "{path}");
            let retry_after = response.headers().get("retry-after").map(|value| value.to_str().unwrap());
            assert_eq!(retry_after, (status == 503).then_some("7"));
            let headers = format!("{:?}", response.headers());
            let body = axum::body::to_bytes(response.into_body(), 64 * 1024).await.unwrap();
            let body = String::from_utf8_lossy(&body);
            assert!(!headers.contains("secret_rule") && !body.contains("secret_rule"), "{headers} {body}");
        }
    }
}

#[tokio::test]
async fn what_is_revoked_is_refused_for_that_whether_it_is_known_or_not() {
    let world = World::new();
    let refuses = Arc::new(AtomicUsize::new(0));
    let rule = {
        let refuses = Arc::clone(&refuses);
        move |_: &countersign::verified::VerifiedToken| match refuses.load(Ordering::SeqCst) {
            0 => Ok(()),
            _ => Err("locked".into()),
        }
    };
    let (with, without) = (world.issuer().validate(rule.clone()), world.issuer().validate(rule));
    let cached = world.verifier(with).await;
    let builder = Verifier::builder().issuer(without).clock(world.clock.clone()).without_cache();
    for verifier in [cached, builder.build().await.unwrap()] {
        refuses.store(0, Ordering::SeqCst);
        let token = verifier.verify(&world.token("")).await.unwrap();
        verifier.revoke(&token).unwrap();
        refuses.store(1, Ordering::SeqCst);
        assert_eq!(verdict(&verifier, token.raw()).await, Err(TokenError::Revoked.into()));
    }
}

#[tokio::test]
async fn a_rule_that_answers_as_if_a_key_were_unknown_has_none_fetched() {
    let issuer = countersign_testing::TestIssuer::start().await.unwrap();
    let provider = Oidc::issuer(issuer.url()).audience("api").validate(|_| Err(TokenError::UnknownKey));
    let verifier = Verifier::builder().issuer(provider).build().await.unwrap();
    let token = issuer.token("alice").audience("api").mint();
    assert_eq!(verdict(&verifier, &token).await, Err(TokenError::UnknownKey.into()));
    assert_eq!(issuer.requests().keys, 1);
}
