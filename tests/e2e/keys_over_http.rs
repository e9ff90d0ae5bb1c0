//! Keys over HTTP: the requests, and the rejected responses.

use countersign::Verifier;
use countersign::clock::ManualClock;
use countersign::error::{TokenError, VerifyError};
use countersign::keys::Algorithm;
use countersign::providers::{Oidc, Provider};
use countersign_testing::{Fault, TestIssuer};
use std::collections::HashSet;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::time::timeout;

/// A time limit that even a busy machine does not reach. A dripping response would take longer.
const LIMIT: Duration = Duration::from_secs(60);

struct World {
    issuer: TestIssuer,
    verifier: Verifier,
    known: String,
}

impl World {
    async fn new() -> Self {
        Self::with(|provider| provider).await
    }

    async fn with(configure: impl Fn(Provider<Oidc>) -> Provider<Oidc>) -> Self {
        let issuer = TestIssuer::start_with([Algorithm::ES256]).await.unwrap();
        let verifier = verifier(&issuer, configure).await;
        let known = token(&issuer);
        Self { issuer, verifier, known }
    }

    async fn verdict(&self, token: &str) -> Result<(), VerifyError> {
        self.verifier.verify(token).await.map(drop)
    }

    async fn verdict_on_bogus_key(&self, kid: &str) -> Result<(), VerifyError> {
        let token = self.issuer.token("mallory").audience("api").algorithm(Algorithm::ES256).header("kid", kid);
        self.verdict(&token.mint()).await
    }
}

async fn verifier(issuer: &TestIssuer, configure: impl Fn(Provider<Oidc>) -> Provider<Oidc>) -> Verifier {
    let provider = configure(Oidc::issuer(issuer.url()).audience("api"));
    Verifier::builder().issuer(provider).build().await.unwrap()
}

fn token(issuer: &TestIssuer) -> String {
    issuer.token("alice").audience("api").algorithm(Algorithm::ES256).mint()
}

#[tokio::test]
async fn a_rotation_is_followed_at_once_and_the_old_key_is_good_until_it_is_retired() {
    let world = World::new().await;
    world.issuer.rotate();
    let new = token(&world.issuer);
    assert_eq!((world.verdict(&new).await, world.verdict(&world.known).await), (Ok(()), Ok(())));
    let requests = world.issuer.requests();
    assert_eq!((requests.discovery, requests.keys), (2, 2));
}

#[tokio::test]
async fn a_known_set_is_asked_for_conditionally_and_304_keeps_it() {
    let world = World::new().await;
    assert_eq!(world.verdict_on_bogus_key("bogus").await, Err(TokenError::UnknownKey.into()));
    let requests = world.issuer.requests();
    assert_eq!((requests.keys, requests.unchanged), (2, 1));
    assert_eq!(world.verdict(&world.known).await, Ok(()));
}

/// The failures of a provider. A token with a new key gets no verdict within the deadline, a known key stays valid, and
/// the new key is valid after the recovery.
#[tokio::test(flavor = "multi_thread")]
async fn no_failure_of_a_provider_takes_a_known_key_away() {
    let elsewhere = TestIssuer::start_with([Algorithm::ES256]).await.unwrap();
    let faults = [
        Fault::Hang,
        Fault::Drip,
        Fault::Reset,
        Fault::Truncate,
        Fault::GzipBomb,
        Fault::Oversized,
        Fault::ManyKeys(10_000),
        Fault::ManyKeys(101),
        Fault::NoKeys,
        Fault::LoginPage,
        Fault::Empty,
        Fault::Status(201),
        Fault::Status(304),
        Fault::Status(404),
        Fault::Status(500),
        Fault::TooManyRequests { retry_after: Duration::from_secs(60) },
        Fault::Redirect(format!("{}/jwks", elsewhere.url())),
        Fault::Redirect("http://169.254.169.254/latest/meta-data".to_owned()),
        Fault::OtherIssuer,
        Fault::JwksUri("http://169.254.169.254/latest/meta-data".to_owned()),
        Fault::JwksUri("https://169.254.169.254/latest/meta-data".to_owned()),
        Fault::JwksUri("https://10.0.0.1/keys".to_owned()),
        Fault::JwksUri("http://idp.example.com/keys".to_owned()),
        Fault::JwksUri("file:///etc/passwd".to_owned()),
    ];
    // One after the other, so that no first fetch waits for the others.
    let mut worlds = Vec::new();
    for fault in faults {
        worlds.push((World::new().await, fault));
    }
    let sufferers: Vec<_> = worlds.into_iter().map(|(world, fault)| tokio::spawn(suffer(world, fault))).collect();
    let mut failures = HashSet::new();
    for sufferer in sufferers {
        failures.insert(sufferer.await.unwrap());
    }
    assert_eq!(elsewhere.requests(), Default::default(), "no redirect is followed");
    assert!(failures.len() > 12, "each says what went wrong: {failures:#?}");
}

async fn suffer(world: World, fault: Fault) -> String {
    world.issuer.rotate();
    let new = token(&world.issuer);
    world.issuer.set_fault(fault.clone());
    let verdict = timeout(LIMIT, world.verdict(&new)).await.expect("a verdict");
    assert!(matches!(verdict, Err(VerifyError::Unavailable(_))), "{fault:?}");
    assert_eq!(at_once(world.verdict(&world.known)), Some(Ok(())), "{fault:?}: a known key waits for nobody");
    assert!(world.issuer.requests().discovery <= 2, "{fault:?}: {:?}", world.issuer.requests());

    // A verifier that starts during the failure has no keys, and recovers.
    let late = verifier(&world.issuer, |provider| provider).await;
    let failure = late.keys().next().unwrap().last_failure().unwrap().to_owned();
    assert!(matches!(late.verify(&new).await, Err(VerifyError::Unavailable(_))), "{fault:?}");
    if !matches!(fault, Fault::TooManyRequests { .. }) {
        world.issuer.clear_fault();
        timeout(LIMIT, late.wait_until_ready()).await.expect("healed");
        assert!(late.verify(&new).await.is_ok(), "{fault:?}");
    }
    failure
}

/// The output, if the future completes without waiting.
fn at_once<T>(asked: impl Future<Output = T>) -> Option<T> {
    match pin!(asked).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    }
}

#[tokio::test]
async fn a_bomb_is_not_unpacked_by_a_client_that_unpacks() {
    let client = reqwest::Client::builder().gzip(true).no_proxy().build().unwrap();
    let world = World::with(|provider| provider.http_client(client.clone())).await;
    assert_eq!(world.verdict(&world.known).await, Ok(()));
    world.issuer.set_fault(Fault::GzipBomb);
    let late = verifier(&world.issuer, |provider| provider.http_client(client.clone())).await;
    let report = late.keys().next().unwrap();
    assert_eq!(report.last_failure(), Some("the answer is larger than 256 KiB"));
}

#[tokio::test]
async fn a_provider_that_is_busy_is_left_alone_for_as_long_as_it_asks() {
    let world = World::new().await;
    world.issuer.set_fault(Fault::TooManyRequests { retry_after: Duration::from_secs(60) });
    let start = Instant::now();
    for kid in ["a", "b"] {
        let Err(VerifyError::Unavailable(no)) = world.verdict_on_bogus_key(kid).await else {
            panic!("{kid}: a verdict")
        };
        let (pause, gone) = (no.retry_after.as_secs(), start.elapsed().as_secs() + 1);
        assert!((60 - gone.min(60)..=68).contains(&pause), "{kid}: {pause} s, {gone} s later");
    }
    assert_eq!(world.issuer.requests().discovery, 2);
}

#[tokio::test]
async fn what_went_wrong_is_told_in_the_provider_s_words() {
    let nobody = "http://127.0.0.1:9";
    let verifier = Verifier::builder().issuer(Oidc::issuer(nobody).audience("api")).build().await.unwrap();
    let report = verifier.keys().next().unwrap();
    assert!(report.last_failure().unwrap().starts_with("the request failed: Connection refused"), "{report}");

    let error =
        Verifier::builder().issuer(Oidc::issuer(nobody).audience("api")).require_keys().build().await.unwrap_err();
    assert!(error.to_string().contains("Connection refused"), "{error}");
}

#[tokio::test]
async fn keys_of_an_inner_address_are_fetched_only_where_that_is_allowed() {
    let inner = "https://10.255.255.1/realms/x";
    let failure = async |provider: Provider<Oidc>| {
        let verifier = Verifier::builder().issuer(provider.audience("api")).build().await.unwrap();
        verifier.keys().next().unwrap().last_failure().unwrap().to_owned()
    };
    let refused = failure(Oidc::issuer(inner)).await;
    assert!(
        refused.contains("10.255.255.1 is not a public address: allow it with `.allow_addresses(..)`"),
        "{refused}"
    );
}

#[tokio::test]
async fn the_tag_of_one_address_says_nothing_about_another() {
    let world = World::new().await;
    // The keys move to another host, which uses the same entity tag.
    let elsewhere = TestIssuer::start_with([Algorithm::ES256]).await.unwrap();
    world.issuer.set_fault(Fault::JwksUri(format!("{}/jwks", elsewhere.url())));
    assert_eq!(world.verdict_on_bogus_key("bogus").await, Err(TokenError::UnknownKey.into()));

    let new = elsewhere.token("alice").claim("iss", world.issuer.url()).audience("api").algorithm(Algorithm::ES256);
    assert_eq!(world.verdict(&new.mint()).await, Ok(()));
    assert_eq!(world.verdict(&world.known).await, Err(TokenError::BadSignature.into()));
    assert_eq!((elsewhere.requests().keys, elsewhere.requests().unchanged), (1, 0));
}

#[tokio::test]
async fn a_kid_that_returns_with_other_material_is_another_key() {
    let world = World::new().await;
    world.issuer.rotate_in_place();
    let new = token(&world.issuer);
    assert_eq!(world.verdict(&new).await, Err(TokenError::BadSignature.into()), "its name is known, and another key's");
    // Another token causes the fetch.
    assert_eq!(world.verdict_on_bogus_key("bogus").await, Err(TokenError::UnknownKey.into()));
    assert_eq!(world.verdict(&new).await, Ok(()));
    assert_eq!(world.verdict(&world.known).await, Err(TokenError::BadSignature.into()));
}

/// The age of keys uses the monotonic clock, and tokens use the wall clock.
#[tokio::test]
async fn steps_of_the_clock_fetch_nothing_and_take_no_key_away() {
    const DAY: u64 = 24 * 3_600;
    let issuer = TestIssuer::start_with([Algorithm::ES256]).await.unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let clock = Arc::new(ManualClock::at(now));
    let provider = Oidc::issuer(issuer.url()).audience("api");
    let verifier = Verifier::builder().issuer(provider).clock(clock.clone()).build().await.unwrap();
    let token = token(&issuer);
    for (time, expected) in [
        (now, Ok(())),
        (now + 30 * DAY, Err(TokenError::Expired.into())),
        (now, Ok(())),
        (now - 30 * DAY, Err(TokenError::IssuedInFuture.into())),
        (now, Ok(())),
    ] {
        clock.set(time);
        assert_eq!(verifier.verify(&token).await.map(drop), expected, "{time}");
    }
    assert_eq!(issuer.requests().keys, 1);
    assert!(verifier.ready().is_ok());
}

#[tokio::test]
async fn a_removed_key_is_gone_at_once_when_an_operator_says_so() {
    let world = World::new().await;
    world.issuer.set_keys_max_age(Duration::from_secs(24 * 3_600));
    assert_eq!(world.verdict(&world.known).await, Ok(()));
    world.issuer.rotate();
    world.issuer.retire();
    assert_eq!(world.verdict(&world.known).await, Ok(()), "nobody has asked the provider");
    assert_eq!(world.verifier.refresh_keys_now().await, Ok(()));
    assert_eq!(world.verdict(&world.known).await, Err(TokenError::UnknownKey.into()), "kept or not");
    assert_eq!(world.verdict(&token(&world.issuer)).await, Ok(()));

    world.issuer.set_fault(Fault::Status(500));
    let error = world.verifier.refresh_keys_now().await.unwrap_err();
    let (issuer, reason) = error.failures().next().unwrap();
    assert!(issuer == world.issuer.url() && reason.contains("500"), "{error}");
    assert_eq!(world.verdict(&token(&world.issuer)).await, Ok(()));
}

#[tokio::test]
async fn verifiers_of_a_preset_share_keys_by_a_handle_and_nothing_else() {
    let issuer = TestIssuer::start_with([Algorithm::ES256, Algorithm::RS256]).await.unwrap();
    let provider = || Oidc::issuer(issuer.url()).algorithms([Algorithm::ES256]);
    let keys = provider().shared_keys().unwrap();
    assert_eq!(issuer.requests().keys, 0);
    let build = |provider: Provider<Oidc>| Verifier::builder().issuer(provider).build();
    let first = build(provider().audience("api").keys(keys.clone())).await.unwrap();
    let second = build(provider().audience("internal").keys(keys.clone())).await.unwrap();
    let rsa =
        build(Oidc::issuer(issuer.url()).algorithms([Algorithm::RS256]).audience("api").keys(keys)).await.unwrap();
    assert_eq!((issuer.requests().discovery, issuer.requests().keys), (1, 1));

    let for_internal = issuer.token("alice").audience("internal").algorithm(Algorithm::ES256).mint();
    assert_eq!(first.verify(&for_internal).await.unwrap_err(), TokenError::WrongAudience.into());
    assert!(second.verify(&for_internal).await.is_ok());
    // Key and signature are valid, but this verifier does not allow the algorithm.
    let by_rsa = issuer.token("alice").audience("api").algorithm(Algorithm::RS256).mint();
    assert!(rsa.verify(&by_rsa).await.is_ok());
    assert_eq!(first.verify(&by_rsa).await.unwrap_err(), TokenError::AlgorithmNotAllowed.into());
    assert_eq!(rsa.verify(&token(&issuer)).await.unwrap_err(), TokenError::AlgorithmNotAllowed.into());
    first.revoke(&first.verify(&token(&issuer)).await.unwrap()).unwrap();

    // A removed key is removed for all verifiers. `second` has a cached token of it.
    issuer.rotate();
    issuer.retire();
    assert_eq!(first.refresh_keys_now().await, Ok(()));
    assert_eq!(second.verify(&for_internal).await.unwrap_err(), TokenError::UnknownKey.into());
    assert_eq!(issuer.requests().keys, 3, "two fetches, and one for the unknown key");
}

#[tokio::test]
async fn a_handle_of_a_preset_is_refused_where_the_preset_is() {
    let refused = Oidc::issuer("http://idp.example.com").shared_keys();
    assert!(matches!(refused, Err(countersign::ConfigError::InvalidIssuer { .. })), "{refused:?}");
    let refused = Oidc::issuer("https://idp.example.com").jwks_url("http://idp.example.com/jwks").shared_keys();
    assert!(matches!(refused, Err(countersign::ConfigError::InvalidIssuer { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_preset_limits_the_life_of_tokens_and_the_age_of_keys() {
    let hour = Duration::from_secs(3_600);
    let world = World::with(|provider| provider.max_lifetime(hour).max_key_age(hour)).await;
    let token = |lifetime| {
        let token = world.issuer.token("alice").audience("api").algorithm(Algorithm::ES256);
        token.expires_in(Duration::from_secs(lifetime))
    };
    assert_eq!(world.verdict(&token(3_000).mint()).await, Ok(()));
    for long in [token(3_700), token(3_700).without("iat"), token(41 * 24 * 3_600), token(100 * 365 * 24 * 3_600)] {
        assert_eq!(world.verdict(&long.mint()).await, Err(TokenError::LivesTooLong.into()));
    }
    let without = World::new().await;
    let long = without.issuer.token("alice").audience("api").algorithm(Algorithm::ES256);
    assert_eq!(without.verdict(&long.expires_in(41 * 24 * hour).mint()).await, Ok(()), "no maximum unless set");

    let oidc = || Oidc::issuer(world.issuer.url()).audience("api");
    for odd in [oidc().max_key_age(Duration::ZERO), oidc().max_key_age(25 * hour), oidc().max_lifetime(Duration::ZERO)]
    {
        let built = Verifier::builder().issuer(odd).build().await;
        assert!(matches!(built, Err(countersign::ConfigError::InvalidSetting { .. })), "{built:?}");
    }
}
