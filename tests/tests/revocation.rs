//! What was revoked is refused from then on, known or not, and nothing else is.

use countersign::{
    Algorithm, Audience, Issuer, IssuerKeys, ManualClock, Revocation, RevocationList, TokenError, VerifiedToken,
    Verifier, VerifierBuilder, VerifyError,
};
use countersign_testing::SigningKey;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

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

/// Revokes something, and looks at tokens that were known before and at those that were not.
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
    assert_refuses(|list| list.revoke_id(ISSUERS[0], "7", NOW + HOUR).unwrap(), &rows).await;
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
    assert_refuses(|list| list.revoke_session(ISSUERS[0], "7", NOW + HOUR).unwrap(), &rows).await;
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
    assert_refuses(|list| list.revoke_subject(ISSUERS[0], "alice", NOW - 10, NOW + HOUR).unwrap(), &rows).await;
    // A second revocation widens the first, and never takes any of it back.
    let both = |list: &RevocationList| {
        list.revoke_subject(ISSUERS[0], "alice", NOW - 10, NOW + HOUR).unwrap();
        list.revoke_subject(ISSUERS[0], "alice", NOW - 60, NOW).unwrap();
    };
    assert_refuses(both, &rows).await;
}

#[tokio::test]
async fn an_entry_ends_when_it_was_said_to() {
    let world = World::new(|builder| builder).await;
    let token = world.token(ISSUERS[0], json!({"jti": "7", "sid": "8", "iat": NOW}));
    let list = world.verifier.revocations();
    list.revoke_id(ISSUERS[0], "7", NOW + 10).unwrap();
    list.revoke_session(ISSUERS[0], "8", NOW + 20).unwrap();
    list.revoke_subject(ISSUERS[0], "alice", NOW, NOW + 30).unwrap();
    world.clock.set(NOW + 29);
    assert_eq!(world.verdict(&token).await, REVOKED);
    world.clock.set(NOW + 30);
    assert_eq!(world.verdict(&token).await, Ok(()));
}

#[tokio::test]
async fn entries_that_ended_are_taken_out() {
    let world = World::new(|builder| builder).await;
    let list = world.verifier.revocations();
    for round in 0..1_000 {
        world.clock.set(NOW + round);
        for number in 0..10 {
            list.revoke_id(ISSUERS[0], &format!("{round}/{number}"), NOW + round + 10).unwrap();
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
    list.revoke_session(ISSUERS[0], "7", 4_000_000_000).unwrap();
    for (world, token) in worlds.iter().zip(&tokens) {
        assert_eq!(world.verdict(token).await, REVOKED);
        assert!(world.verifier.revocations().is_empty(), "its own list is another one");
    }
}

/// A rule about everybody.
#[derive(Clone, Default)]
struct Everybody {
    is_revoked: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
}

impl Revocation for Everybody {
    fn is_revoked(&self, token: &VerifiedToken) -> bool {
        assert_eq!((token.id(), token.session(), token.issued_at()), (Some("7"), Some("8"), Some(NOW)));
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
