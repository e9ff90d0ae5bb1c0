//! Revoked tokens are rejected at once, cached or not. Other tokens are not affected.

use countersign::clock::{ManualClock, UnixTime};
use countersign::error::{TokenError, VerifyError};
use countersign::keys::{Algorithm, IssuerKeys};
use countersign::policy::{Audience, Issuer};
use countersign::revocation::{Revocation, RevocationList, RevokedTokens};
use countersign::verified::VerifiedToken;
use countersign::{Verifier, VerifierBuilder};
use countersign_testing::SigningKey;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

const NOW: u64 = 1_800_000_000;
const HOUR: u64 = 3_600;
const ISSUERS: [&str; 2] = ["https://idp.example", "https://other.example"];

struct World {
    key: SigningKey,
    clock: Arc<ManualClock>,
    verifier: Verifier,
}

impl World {
    async fn new(set_up: impl FnOnce(VerifierBuilder) -> VerifierBuilder) -> Self {
        let key = SigningKey::generate(Algorithm::ES256, "key");
        let clock = Arc::new(ManualClock::at(NOW));
        let mut builder = Verifier::builder().clock(clock.clone());
        for name in ISSUERS {
            let keys = IssuerKeys::jwks(format!(r#"{{"keys":[{}]}}"#, key.jwk()));
            builder = builder.issuer(Issuer::new(name, keys).audience(Audience::any_of(["api"])));
        }
        let verifier = set_up(builder).build().await.unwrap();
        Self { key, clock, verifier }
    }

    fn token(&self, issuer: &str, more: Value) -> String {
        let mut claims = json!({"iss": issuer, "aud": "api", "sub": "alice", "exp": NOW + 10 * HOUR});
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.key.sign(r#"{"alg":"ES256","kid":"key"}"#, claims.to_string())
    }

    async fn verdict(&self, token: &str) -> Result<(), VerifyError> {
        self.verifier.verify(token).await.map(drop)
    }
}

const REVOKED: Result<(), VerifyError> = Err(VerifyError::Token(TokenError::Revoked));

/// Revokes something, and checks tokens that were cached before and tokens that were not.
async fn assert_refuses(revoke: fn(&RevocationList), rows: &[(&str, Value, bool)]) {
    for (set_up, is_known) in
        [(SetUp::from(|builder| builder), true), (|builder| builder, false), (VerifierBuilder::without_cache, true)]
    {
        let world = World::new(set_up).await;
        let tokens: Vec<String> = rows.iter().map(|(issuer, claims, _)| world.token(issuer, claims.clone())).collect();
        for token in tokens.iter().filter(|_| is_known) {
            assert_eq!(world.verdict(token).await, Ok(()));
        }
        revoke(world.verifier.revocations());
        for (token, (issuer, claims, is_refused)) in tokens.iter().zip(rows) {
            for _ in 0..2 {
                let expected = if *is_refused { REVOKED } else { Ok(()) };
                assert_eq!(world.verdict(token).await, expected, "{issuer} {claims}");
            }
        }
    }
}

type SetUp = fn(VerifierBuilder) -> VerifierBuilder;

#[tokio::test]
async fn a_token_is_revoked_by_its_identifier() {
    let [issuer, other] = ISSUERS;
    let rows = [
        (issuer, json!({"jti": "7"}), true),
        (issuer, json!({"jti": "7", "sub": "bob"}), true),
        (issuer, json!({"jti": "8"}), false),
        (issuer, json!({"sid": "7"}), false),
        (issuer, json!({"jti": 7}), false),
        (issuer, json!({}), false),
        (other, json!({"jti": "7"}), false),
    ];
    assert_refuses(
        |list| {
            list.revoke_all(RevokedTokens::Id { issuer: ISSUERS[0], jti: "7" }, UnixTime::from_secs(NOW + HOUR))
                .unwrap()
        },
        &rows,
    )
    .await;
}

#[tokio::test]
async fn a_session_is_revoked_with_all_its_tokens() {
    let [issuer, other] = ISSUERS;
    let rows = [
        (issuer, json!({"sid": "7", "jti": "1"}), true),
        (issuer, json!({"sid": "7", "jti": "2"}), true),
        (issuer, json!({"sid": "8"}), false),
        (issuer, json!({"jti": "7"}), false),
        (other, json!({"sid": "7"}), false),
    ];
    assert_refuses(
        |list| {
            list.revoke_all(RevokedTokens::Session { issuer: ISSUERS[0], sid: "7" }, UnixTime::from_secs(NOW + HOUR))
                .unwrap()
        },
        &rows,
    )
    .await;
}

#[tokio::test]
async fn a_subject_is_revoked_with_what_was_issued_so_far() {
    let [issuer, other] = ISSUERS;
    let rows = [
        (issuer, json!({"iat": NOW - 60}), true),
        (issuer, json!({"iat": NOW - 10}), true),
        (issuer, json!({"iat": NOW as f64 - 9.5}), true),
        (issuer, json!({"iat": NOW - 9}), false),
        (issuer, json!({}), true),
        (issuer, json!({"sub": "bob"}), false),
        (other, json!({}), false),
    ];
    assert_refuses(
        |list| {
            list.revoke_all(
                RevokedTokens::Subject {
                    issuer: ISSUERS[0],
                    subject: "alice",
                    issued_until: UnixTime::from_secs(NOW - 10),
                },
                UnixTime::from_secs(NOW + HOUR),
            )
            .unwrap()
        },
        &rows,
    )
    .await;
    // A second revocation extends the first, and never shortens it.
    let both = |list: &RevocationList| {
        list.revoke_all(
            RevokedTokens::Subject {
                issuer: ISSUERS[0],
                subject: "alice",
                issued_until: UnixTime::from_secs(NOW - 10),
            },
            UnixTime::from_secs(NOW + HOUR),
        )
        .unwrap();
        list.revoke_all(
            RevokedTokens::Subject {
                issuer: ISSUERS[0],
                subject: "alice",
                issued_until: UnixTime::from_secs(NOW - 60),
            },
            UnixTime::from_secs(NOW),
        )
        .unwrap();
    };
    assert_refuses(both, &rows).await;
}

#[tokio::test]
async fn an_entry_ends_when_it_was_said_to() {
    let world = World::new(|builder| builder).await;
    let token = world.token(ISSUERS[0], json!({"jti": "7", "sid": "8", "iat": NOW}));
    let list = world.verifier.revocations();
    list.revoke_all(RevokedTokens::Id { issuer: ISSUERS[0], jti: "7" }, UnixTime::from_secs(NOW + 10)).unwrap();
    list.revoke_all(RevokedTokens::Session { issuer: ISSUERS[0], sid: "8" }, UnixTime::from_secs(NOW + 20)).unwrap();
    list.revoke_all(
        RevokedTokens::Subject { issuer: ISSUERS[0], subject: "alice", issued_until: UnixTime::from_secs(NOW) },
        UnixTime::from_secs(NOW + 30),
    )
    .unwrap();
    world.clock.set(NOW + 29);
    assert_eq!(world.verdict(&token).await, REVOKED);
    world.clock.set(NOW + 30);
    assert_eq!(world.verdict(&token).await, Ok(()));
}

/// A block of an account that is over does not come back with a later logout.
#[tokio::test]
async fn an_entry_that_has_ended_adds_nothing_to_a_later_one() {
    for takes_together in [false, true] {
        let world = World::new(|builder| builder).await;
        let list = world.verifier.revocations();
        list.revoke_all(
            RevokedTokens::Subject { issuer: ISSUERS[0], subject: "alice", issued_until: UnixTime::MAX },
            UnixTime::from_secs(NOW + 10),
        )
        .unwrap();
        world.clock.set(NOW + 20);
        let new = world.token(ISSUERS[0], json!({"iat": NOW + 15}));
        assert_eq!(world.verdict(&new).await, Ok(()));
        if takes_together {
            for number in 0..9 {
                list.revoke(&verified(&world, ISSUERS[0], json!({"jti": number, "iat": NOW + 14})).await).unwrap();
            }
            assert_eq!(list.len(), 1);
        } else {
            list.revoke_all(
                RevokedTokens::Subject {
                    issuer: ISSUERS[0],
                    subject: "alice",
                    issued_until: UnixTime::from_secs(NOW + 14),
                },
                UnixTime::from_secs(NOW + HOUR),
            )
            .unwrap();
        }
        assert_eq!(world.verdict(&new).await, Ok(()), "{takes_together}");
        assert_eq!(world.verdict(&world.token(ISSUERS[0], json!({"iat": NOW + 14}))).await, REVOKED);
    }
}

/// A verifier with a longer leeway than the one that the token was revoked by.
#[tokio::test]
async fn a_revoked_token_stays_so_for_each_verifier_that_shares_the_list() {
    let key = SigningKey::generate(Algorithm::ES256, "key");
    let clock = Arc::new(ManualClock::at(NOW));
    let list = RevocationList::new(clock.clone());
    let with_leeway = async |seconds| {
        let keys = IssuerKeys::jwks(format!(r#"{{"keys":[{}]}}"#, key.jwk()));
        let issuer =
            Issuer::new(ISSUERS[0], keys).audience(Audience::any_of(["api"])).leeway(Duration::from_secs(seconds));
        Verifier::builder().clock(clock.clone()).revocation(list.clone()).issuer(issuer).build().await.unwrap()
    };
    let (strict, lenient) = (with_leeway(0).await, with_leeway(600).await);
    let claims = json!({"iss": ISSUERS[0], "aud": "api", "sub": "alice", "exp": NOW + 100});
    let token = key.sign(r#"{"alg":"ES256","kid":"key"}"#, claims.to_string());
    list.revoke(&strict.verify(&token).await.unwrap()).unwrap();
    for seconds in [0, 99, 101, 699] {
        clock.set(NOW + seconds);
        assert_eq!(lenient.verify(&token).await.map(drop), REVOKED, "{seconds}");
    }
}

#[tokio::test]
async fn entries_that_ended_are_taken_out() {
    let world = World::new(|builder| builder).await;
    let list = world.verifier.revocations();
    for round in 0..1_000 {
        world.clock.set(NOW + round);
        for number in 0..10 {
            list.revoke_all(
                RevokedTokens::Id { issuer: ISSUERS[0], jti: &format!("{round}/{number}") },
                UnixTime::from_secs(NOW + round + 10),
            )
            .unwrap();
        }
        assert!(list.len() <= 400, "{round}: {list:?}");
    }
    assert!(list.len() >= 100);
}

#[tokio::test]
async fn a_list_that_verifiers_share_counts_for_each() {
    let list = RevocationList::default();
    let worlds = [
        World::new(|builder| builder.revocation(list.clone())).await,
        World::new(|builder| builder.revocation(list.clone())).await,
    ];
    let tokens = worlds.each_ref().map(|world| world.token(ISSUERS[0], json!({"sid": "7"})));
    for (world, token) in worlds.iter().zip(&tokens) {
        assert_eq!(world.verdict(token).await, Ok(()));
    }
    list.revoke_all(RevokedTokens::Session { issuer: ISSUERS[0], sid: "7" }, UnixTime::from_secs(4_000_000_000))
        .unwrap();
    for (world, token) in worlds.iter().zip(&tokens) {
        assert_eq!(world.verdict(token).await, REVOKED);
        assert!(world.verifier.revocations().is_empty(), "its own list is another one");
    }
}

/// A revocation that concerns all tokens.
#[derive(Clone, Default)]
struct Everybody {
    is_revoked: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
}

impl Revocation for Everybody {
    fn is_revoked(&self, token: &VerifiedToken) -> bool {
        assert_eq!(
            (token.id(), token.session(), token.issued_at()),
            (Some("7"), Some("8"), Some(UnixTime::from_secs(NOW)))
        );
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.is_revoked.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_revocation_of_ones_own_is_asked_each_time_that_a_token_comes() {
    let everybody = Everybody::default();
    let world = World::new(|builder| builder.revocation(RevocationList::default()).revocation(everybody.clone())).await;
    let token = world.token(ISSUERS[0], json!({"jti": "7", "sid": "8", "iat": NOW}));
    for asked in 1..4 {
        assert_eq!(world.verdict(&token).await, Ok(()));
        assert_eq!(everybody.asked.load(Ordering::SeqCst), asked);
    }
    everybody.is_revoked.store(true, Ordering::SeqCst);
    assert_eq!(world.verdict(&token).await, REVOKED);
    assert_eq!(
        world.verdict(&world.token(ISSUERS[0], json!({"exp": NOW - HOUR}))).await,
        Err(TokenError::Expired.into())
    );
    everybody.is_revoked.store(false, Ordering::SeqCst);
    assert_eq!(world.verdict(&token).await, Ok(()), "a refusal is not kept");
}

#[tokio::test]
async fn a_revoked_token_costs_no_rule_a_question_and_none_slips_through_while_one_waits() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let list = RevocationList::default();
    let late = list.clone();
    let key = SigningKey::generate(Algorithm::ES256, "key");
    let keys = IssuerKeys::jwks(format!(r#"{{"keys":[{}]}}"#, key.jwk()));
    let issuer = Issuer::new(ISSUERS[0], keys).audience(Audience::any_of(["api"])).validate_async(move |token| {
        counter.fetch_add(1, Ordering::SeqCst);
        late.revoke(&token).unwrap();
        async { Ok(()) }
    });
    let verifier = Verifier::builder().issuer(issuer).revocation(list).build().await.unwrap();
    let claims = json!({"iss": ISSUERS[0], "aud": "api", "sub": "alice", "exp": 4_000_000_000_u64});
    let token = key.sign(r#"{"alg":"ES256","kid":"key"}"#, claims.to_string());
    for _ in 0..2 {
        assert_eq!(verifier.verify(&token).await.err(), Some(TokenError::Revoked.into()));
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }
}

/// A freshly verified token.
async fn verified(world: &World, issuer: &str, more: Value) -> VerifiedToken {
    world.verifier.verify(&world.token(issuer, more)).await.unwrap()
}

#[tokio::test]
async fn tokens_of_one_subject_become_one_entry_and_none_of_them_is_forgotten() {
    let [issuer, other] = ISSUERS;
    let world = World::new(|builder| builder).await;
    let list = world.verifier.revocations();
    let mut revoked = Vec::new();
    for number in 0..100 {
        // The youngest token is not the last one, and one has no `iat`.
        let more = match number {
            50 => json!({"jti": "50"}),
            _ => json!({"jti": number.to_string(), "iat": NOW - (number as u64 * 7) % 100}),
        };
        revoked.push(verified(&world, issuer, more).await);
    }
    for token in &revoked {
        list.revoke(token).unwrap();
        assert!(list.len() <= 9, "{list:?}");
    }
    for token in &revoked {
        assert_eq!(world.verdict(token.raw()).await, REVOKED);
    }
    for (issuer, more, expected) in [
        (issuer, json!({"iat": NOW - 50}), REVOKED),
        (issuer, json!({"iat": NOW + 1}), Ok(())),
        (issuer, json!({"sub": "bob", "iat": NOW - 50}), Ok(())),
        (other, json!({"iat": NOW - 50}), Ok(())),
    ] {
        assert_eq!(world.verdict(&world.token(issuer, more.clone())).await, expected, "{more}");
    }
    // The entry ends with the last of these tokens.
    world.clock.set(NOW + 10 * HOUR - 1);
    assert_eq!(world.verdict(&world.token(issuer, json!({"iat": NOW - 50, "exp": NOW + 20 * HOUR}))).await, REVOKED);
}

#[tokio::test]
async fn few_tokens_of_a_subject_are_told_apart() {
    let world = World::new(|builder| builder).await;
    for number in 0..8 {
        let token = verified(&world, ISSUERS[0], json!({"jti": number.to_string(), "iat": NOW - 1})).await;
        world.verifier.revoke(&token).unwrap();
        world.verifier.revoke(&token).unwrap();
    }
    assert_eq!(world.verifier.revocations().len(), 8);
    assert_eq!(world.verdict(&world.token(ISSUERS[0], json!({"jti": "8", "iat": NOW - 1}))).await, Ok(()));
}

#[tokio::test]
async fn nothing_is_forgotten_in_a_full_list_and_what_is_new_is_an_error() {
    const ENTRIES: usize = 100;
    let issuer = ISSUERS[0];
    let world = World::new(|builder| builder.revocation_entries(ENTRIES)).await;
    let list = world.verifier.revocations();
    let mut revoked = Vec::new();
    // Two tokens of each, until there is no room for two.
    for number in 0..ENTRIES {
        for iat in [NOW - 20, NOW - 10] {
            let token = verified(&world, issuer, json!({"sub": number.to_string(), "iat": iat})).await;
            list.revoke(&token).unwrap();
            revoked.push(token);
            assert!(list.len() <= ENTRIES);
        }
    }
    assert_eq!(list.len(), ENTRIES);
    let stranger = verified(&world, issuer, json!({"sub": "stranger"})).await;
    for result in [
        list.revoke(&stranger),
        list.revoke_all(
            RevokedTokens::Subject { issuer, subject: "stranger", issued_until: UnixTime::from_secs(NOW) },
            UnixTime::MAX,
        ),
        list.revoke_all(RevokedTokens::Session { issuer, sid: "7" }, UnixTime::MAX),
        list.revoke_all(RevokedTokens::Id { issuer, jti: "7" }, UnixTime::MAX),
    ] {
        assert!(result.is_err());
    }
    // An addition to an existing entry needs no place.
    list.revoke_all(
        RevokedTokens::Subject { issuer, subject: "7", issued_until: UnixTime::from_secs(NOW) },
        UnixTime::from_secs(NOW + HOUR),
    )
    .unwrap();
    list.revoke(&verified(&world, issuer, json!({"sub": "8", "iat": NOW})).await).unwrap();
    for token in &revoked {
        assert_eq!(world.verdict(token.raw()).await, REVOKED);
    }
    assert_eq!((world.verdict(stranger.raw()).await, list.len()), (Ok(()), ENTRIES));

    // Expired entries free their places in every shard.
    world.clock.set(NOW + 11 * HOUR);
    list.revoke_all(RevokedTokens::Session { issuer, sid: "7" }, UnixTime::MAX).unwrap();
    assert!(list.len() < ENTRIES);
}

#[tokio::test]
async fn one_who_logs_out_again_and_again_leaves_room_for_others() {
    let world = World::new(|builder| builder.revocation_entries(20)).await;
    let list = world.verifier.revocations();
    let mut tokens = Vec::new();
    for number in 0..200 {
        tokens.push(verified(&world, ISSUERS[0], json!({"sub": "mallory", "jti": number.to_string()})).await);
    }
    for (number, token) in tokens.iter().enumerate() {
        list.revoke(token).unwrap();
        let _ = list.revoke_all(RevokedTokens::Session { issuer: ISSUERS[0], sid: &number.to_string() }, UnixTime::MAX);
    }
    let alice = verified(&world, ISSUERS[0], json!({})).await;
    list.revoke(&alice).unwrap();
    assert_eq!(world.verdict(alice.raw()).await, REVOKED);
    list.revoke_all(
        RevokedTokens::Subject { issuer: ISSUERS[0], subject: "bob", issued_until: UnixTime::from_secs(NOW) },
        UnixTime::from_secs(NOW + HOUR),
    )
    .unwrap();
    assert!(
        list.revoke_all(RevokedTokens::Session { issuer: ISSUERS[0], sid: "another" }, UnixTime::MAX).is_err(),
        "they have their half"
    );
}

#[test]
fn many_threads_never_put_more_into_a_list_than_it_holds() {
    let list = RevocationList::bounded(Arc::new(ManualClock::at(NOW)), 1_000);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let list = &list;
            scope.spawn(move || {
                for number in 0..2_000 {
                    let _ = list.revoke_all(
                        RevokedTokens::Subject {
                            issuer: ISSUERS[0],
                            subject: &format!("{thread}/{number}"),
                            issued_until: UnixTime::from_secs(NOW),
                        },
                        UnixTime::MAX,
                    );
                    assert!(list.len() <= 1_000);
                }
            });
        }
    });
    assert_eq!(list.len(), 1_000);
}

/// Shows that an issuer's clock is this many seconds ahead, by a token of another subject.
async fn show_clock(world: &World, issuer: &str, ahead: u64) {
    verified(world, issuer, json!({"sub": "somebody", "iat": NOW + ahead})).await;
}

#[tokio::test]
async fn a_subject_is_revoked_by_the_clock_of_its_issuer() {
    let [issuer, other] = ISSUERS;
    for (ahead, is_shown) in [(0, true), (1, true), (20, true), (30, true), (20, false)] {
        let world = World::new(|builder| builder).await;
        let stolen = world.token(issuer, json!({"iat": NOW + ahead}));
        if is_shown {
            show_clock(&world, issuer, ahead).await;
        }
        world
            .verifier
            .revocations()
            .revoke_all(
                RevokedTokens::Subject { issuer, subject: "alice", issued_until: UnixTime::from_secs(NOW) },
                UnixTime::from_secs(NOW + HOUR),
            )
            .unwrap();
        // A token that is first seen now shows it as well.
        assert_eq!(world.verdict(&stolen).await, REVOKED, "{ahead}");
        let new = |issuer: &str, after: u64| world.token(issuer, json!({"iat": NOW + ahead + after}));
        world.clock.set(NOW + 1);
        assert_eq!(world.verdict(&new(issuer, 1)).await, Ok(()), "a new token passes: {ahead}");
        assert_eq!(world.verdict(&stolen).await, REVOKED, "{ahead}");
        assert_eq!(world.verdict(&new(other, 0)).await, Ok(()));
    }
}

#[tokio::test]
async fn the_clock_of_one_issuer_says_nothing_about_another() {
    let [issuer, other] = ISSUERS;
    let world = World::new(|builder| builder).await;
    show_clock(&world, other, 30).await;
    world
        .verifier
        .revocations()
        .revoke_all(
            RevokedTokens::Subject { issuer, subject: "alice", issued_until: UnixTime::from_secs(NOW) },
            UnixTime::from_secs(NOW + HOUR),
        )
        .unwrap();
    world.clock.set(NOW + 1);
    assert_eq!(world.verdict(&world.token(issuer, json!({"iat": NOW + 1}))).await, Ok(()));
}

#[tokio::test]
async fn what_one_verifier_sees_of_a_clock_counts_for_all_that_share_a_list() {
    let list = RevocationList::new(Arc::new(ManualClock::at(NOW)));
    let worlds = [
        World::new(|builder| builder.revocation(list.clone())).await,
        World::new(|builder| builder.revocation(list.clone())).await,
    ];
    show_clock(&worlds[0], ISSUERS[0], 20).await;
    list.revoke_all(
        RevokedTokens::Subject { issuer: ISSUERS[0], subject: "alice", issued_until: UnixTime::from_secs(NOW) },
        UnixTime::from_secs(NOW + HOUR),
    )
    .unwrap();
    for world in &worlds {
        world.clock.set(NOW + 25);
        assert_eq!(world.verdict(&world.token(ISSUERS[0], json!({"iat": NOW + 20}))).await, REVOKED);
        assert_eq!(world.verdict(&world.token(ISSUERS[0], json!({"iat": NOW + 21}))).await, Ok(()));
    }
}
