//! Cached tokens are not verified again, and every reason for a rejection still applies.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign::Verifier;
use countersign::clock::ManualClock;
use countersign::error::{TokenError, VerifyError};
use countersign::keys::Algorithm;
use countersign::providers::Oidc;
use countersign_core::{Audience, BoxFuture, FetchError, FetchJwks, FetchedJwks, Issuer, IssuerKeys};
use countersign_testing::{SigningKey, TestIssuer};
use num_bigint::BigUint;
use serde::Deserialize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const HOUR: u64 = 3_600;

#[derive(Deserialize)]
struct Subject {
    #[expect(dead_code, reason = "being deserialized is what it is for")]
    sub: String,
}

struct World {
    issuer: TestIssuer,
    clock: Arc<ManualClock>,
    now: u64,
    verifier: Verifier,
}

impl World {
    async fn new() -> Self {
        let issuer = TestIssuer::start_with([Algorithm::ES256]).await.unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let clock = Arc::new(ManualClock::at(now));
        let provider = Oidc::issuer(issuer.url()).audience("api");
        let verifier = Verifier::builder().issuer(provider).clock(clock.clone()).build().await.unwrap();
        Self { issuer, clock, now, verifier }
    }

    fn token(&self) -> String {
        self.issuer.token("alice").audience("api").algorithm(Algorithm::ES256).mint()
    }

    /// The claims, which are created once for each verification.
    async fn see(&self, token: &str) -> Result<Arc<Subject>, VerifyError> {
        Ok(self.verifier.verify(token).await?.claims()?)
    }

    /// Causes a key fetch, with a token that names an unknown key.
    async fn refresh(&self) {
        let bogus = self.issuer.token("mallory").audience("api").algorithm(Algorithm::ES256).header("kid", "bogus");
        assert!(self.verifier.verify(&bogus.mint()).await.is_err());
    }
}

fn verified_once(first: &Arc<Subject>, second: &Arc<Subject>) -> bool {
    Arc::ptr_eq(first, second)
}

#[tokio::test]
async fn a_token_is_verified_once_in_five_minutes() {
    let world = World::new().await;
    let token = world.token();
    let first = world.see(&token).await.unwrap();
    world.clock.set(world.now + 299);
    assert!(verified_once(&first, &world.see(&token).await.unwrap()));
    world.clock.set(world.now + 300);
    let again = world.see(&token).await.unwrap();
    assert!(!verified_once(&first, &again));
    assert!(verified_once(&again, &world.see(&token).await.unwrap()), "and then kept anew");
}

#[tokio::test]
async fn a_clock_that_was_set_back_asks_for_another_verification() {
    let world = World::new().await;
    let token = world.token();
    let first = world.see(&token).await.unwrap();
    world.clock.set(world.now - 1);
    assert!(!verified_once(&first, &world.see(&token).await.unwrap()));
    world.clock.set(world.now - HOUR);
    assert_eq!(world.see(&token).await.err(), Some(TokenError::IssuedInFuture.into()));
}

#[tokio::test]
async fn a_known_token_is_refused_from_the_second_on_at_which_it_expires() {
    let world = World::new().await;
    let expires = Duration::from_secs(100);
    let token = world.issuer.token("alice").audience("api").algorithm(Algorithm::ES256).expires_in(expires).mint();
    let first = world.see(&token).await.unwrap();
    // The token may be newer than the clock. The leeway is 30 seconds.
    let end = world.verifier.verify(&token).await.unwrap().expires_at().as_secs() + 30;
    world.clock.set(end - 1);
    assert!(verified_once(&first, &world.see(&token).await.unwrap()));
    world.clock.set(end);
    assert_eq!(world.see(&token).await.err(), Some(TokenError::Expired.into()));
}

#[tokio::test]
async fn a_known_token_is_refused_when_its_key_is_gone() {
    let world = World::new().await;
    let token = world.token();
    assert!(world.see(&token).await.is_ok());
    world.issuer.rotate();
    world.issuer.retire();
    world.refresh().await;
    assert_eq!(world.see(&token).await.err(), Some(TokenError::UnknownKey.into()));
}

#[tokio::test]
async fn a_known_token_is_refused_when_its_key_returns_with_other_material() {
    let world = World::new().await;
    let token = world.token();
    assert!(world.see(&token).await.is_ok());
    world.issuer.rotate_in_place();
    world.refresh().await;
    assert_eq!(world.see(&token).await.err(), Some(TokenError::BadSignature.into()));
}

#[tokio::test]
async fn a_known_token_stays_known_when_other_keys_come_and_go() {
    let world = World::new().await;
    let token = world.token();
    let first = world.see(&token).await.unwrap();
    world.issuer.rotate();
    world.refresh().await;
    assert!(verified_once(&first, &world.see(&token).await.unwrap()));
}

#[tokio::test]
async fn a_revoked_token_is_refused_known_or_not_however_its_signature_is_written() {
    let world = World::new().await;
    let token = world.token();
    let verified = world.verifier.verify(&token).await.unwrap();
    let other = world.issuer.token("bob").audience("api").algorithm(Algorithm::ES256).mint();
    world.verifier.revoke(&verified).unwrap();
    assert_eq!(world.see(&token).await.err(), Some(TokenError::Revoked.into()));
    assert!(world.see(&other).await.is_ok());

    let (signed, signature) = token.rsplit_once('.').unwrap();
    let malleated = format!("{signed}.{}", other_writing(signature));
    assert_ne!(malleated, token);
    assert_eq!(world.see(&malleated).await.err(), Some(TokenError::Revoked.into()));
    let fresh = Verifier::builder().issuer(Oidc::issuer(world.issuer.url()).audience("api")).build().await.unwrap();
    assert!(fresh.verify(&malleated).await.is_ok(), "it is a good signature");
}

/// ECDSA accepts `(r, n - s)` if it accepts `(r, s)`.
fn other_writing(signature: &str) -> String {
    const ORDER: &[u8] = b"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let (r, s) = bytes.split_at(32);
    let order = BigUint::parse_bytes(ORDER, 16).unwrap();
    let other = (order - BigUint::from_bytes_be(s)).to_bytes_be();
    let padding = vec![0; 32 - other.len()];
    URL_SAFE_NO_PAD.encode([r, &padding, &other].concat())
}

#[tokio::test]
async fn a_refusal_is_not_kept() {
    let world = World::new().await;
    let early =
        world.issuer.token("alice").audience("api").algorithm(Algorithm::ES256).claim("nbf", world.now + HOUR).mint();
    assert_eq!(world.see(&early).await.err(), Some(TokenError::NotYetValid.into()));
    world.clock.set(world.now + HOUR);
    assert!(world.see(&early).await.is_ok());
}

#[tokio::test]
async fn what_resembles_a_known_token_is_verified() {
    let world = World::new().await;
    let token = world.token();
    assert!(world.see(&token).await.is_ok());
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let other = if signature.starts_with('A') { "B" } else { "A" };
    for forged in [
        format!("{signed}.{other}{}", &signature[1..]),
        format!("{token}A"),
        token[..token.len() - 1].to_owned(),
        format!(" {token}"),
        token.to_uppercase(),
    ] {
        assert!(matches!(world.see(&forged).await, Err(VerifyError::Token(_))), "{forged}");
    }
}

#[tokio::test]
async fn each_verifier_knows_its_own_tokens() {
    let world = World::new().await;
    let token = world.token();
    assert!(world.see(&token).await.is_ok());
    let provider = Oidc::issuer(world.issuer.url()).audience("another api");
    let other = Verifier::builder().issuer(provider).build().await.unwrap();
    assert_eq!(other.verify(&token).await.err(), Some(TokenError::WrongAudience.into()));
}

#[tokio::test]
async fn without_a_cache_each_request_is_a_verification() {
    let World { issuer, verifier: _, .. } = World::new().await;
    let token = issuer.token("alice").audience("api").algorithm(Algorithm::ES256).mint();
    let provider = || Oidc::issuer(issuer.url()).audience("api");
    for (builder, expected) in [
        (Verifier::builder().issuer(provider()), true),
        (Verifier::builder().issuer(provider()).without_cache(), false),
        (Verifier::builder().issuer(provider()).cache_bytes(0), false),
        (Verifier::builder().issuer(provider()).cache_lifetime(Duration::ZERO), false),
    ] {
        let verifier = builder.build().await.unwrap();
        let see = async || verifier.verify(&token).await.unwrap().claims::<Subject>().unwrap();
        let (first, second) = (see().await, see().await);
        assert_eq!(verified_once(&first, &second), expected);
    }
}

/// Keys in memory, so that tests can pause time.
#[derive(Clone, Debug)]
struct Source {
    jwks: Arc<Mutex<String>>,
    is_down: Arc<AtomicBool>,
}

impl FetchJwks for Source {
    fn fetch(&self, _: Option<Arc<str>>) -> BoxFuture<'_, Result<FetchedJwks, FetchError>> {
        Box::pin(async {
            if self.is_down.load(Ordering::SeqCst) {
                return Err("the provider is down".into());
            }
            Ok(FetchedJwks::jwks(self.jwks.lock().unwrap().clone()))
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_known_token_gets_no_verdict_when_its_key_could_not_be_confirmed_for_a_day() {
    let key = SigningKey::generate(Algorithm::ES256, "key");
    let jwks = format!(r#"{{"keys":[{}]}}"#, key.jwk());
    let source = Source { jwks: Arc::new(Mutex::new(jwks)), is_down: Arc::default() };
    let clock = Arc::new(ManualClock::at(1_800_000_000));
    let issuer = Issuer::new("https://idp.example", IssuerKeys::fetched(source.clone()));
    let issuer = issuer.audience(Audience::any_of(["api"]));
    let verifier = Verifier::builder().issuer(issuer).clock(clock.clone()).build().await.unwrap();
    source.is_down.store(true, Ordering::SeqCst);

    // The keys are ten seconds younger than a day when the token is first seen.
    tokio::time::sleep(Duration::from_secs(24 * HOUR - 10)).await;
    let claims = r#"{"iss":"https://idp.example","aud":"api","sub":"alice","exp":1900000000}"#;
    let token = key.sign(r#"{"alg":"ES256","kid":"key"}"#, claims);
    assert!(verifier.verify(&token).await.is_ok());
    for (seconds, expected) in [(9, true), (2, false)] {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        clock.set(clock_time(&clock) + seconds);
        assert_eq!(verifier.verify(&token).await.is_ok(), expected);
    }
    assert!(matches!(verifier.verify(&token).await, Err(VerifyError::Unavailable(_))));
}

fn clock_time(clock: &ManualClock) -> u64 {
    use countersign::clock::Clock as _;
    clock.now().as_secs()
}
