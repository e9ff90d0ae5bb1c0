//! A directory that counts look-ups, and the verifier that uses it. Nothing here needs a network, so tests can pause
//! time.

use countersign::clock::ManualClock;
use countersign::entitlements::{CallerId, Entitlements, EntitlementsError};
use countersign::keys::{Algorithm, IssuerKeys};
use countersign::policy::{Audience, ClaimMap, Issuer};
use countersign::verified::VerifiedToken;
use countersign::{Verifier, VerifierBuilder};
use countersign_testing::SigningKey;
use serde_json::{Value, json};
use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;

pub(crate) const NOW: u64 = 1_800_000_000;
const ISSUERS: [&str; 2] = ["https://idp.example", "https://other.example"];

/// The directory's behaviour.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mood {
    /// Answers that the caller is in this group.
    Group(&'static str),
    /// Answers that the caller is in a thousand groups with long names.
    Crowd,
    Fails,
    Hangs,
    Panics,
}

pub(crate) struct Directory {
    pub(crate) calls: AtomicUsize,
    mood: Mutex<Mood>,
    /// Each look-up waits for a permit, and returns it.
    pub(crate) gate: Semaphore,
}

impl Directory {
    async fn answer(&self, caller: CallerId) -> Result<Entitlements, EntitlementsError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let _permit = self.gate.acquire().await.unwrap();
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Group(group) => {
                let place = [caller.issuer(), caller.tenant().unwrap_or("-"), caller.subject()].join("/");
                Ok(Entitlements::default().with_groups([group]).with_roles([&*place]).with_permissions(["items:read"]))
            }
            Mood::Crowd => {
                let names: Vec<String> = (0..1_000).map(|number| format!("{number:0>100}")).collect();
                Ok(Entitlements::default().with_groups(names.iter().map(String::as_str)))
            }
            Mood::Fails => {
                Err(EntitlementsError::new("the directory is down", format!("no answer for {}", caller.subject())))
            }
            Mood::Hangs => pending().await,
            Mood::Panics => panic!("a mistake in the directory"),
        }
    }
}

pub(crate) struct World {
    pub(crate) key: SigningKey,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) verifier: Verifier,
}

impl World {
    pub(crate) async fn new(mood: Mood) -> Self {
        Self::with(mood, |builder| builder).await
    }

    pub(crate) async fn with(mood: Mood, set_up: impl FnOnce(VerifierBuilder) -> VerifierBuilder) -> Self {
        let key = SigningKey::generate(Algorithm::ES256, "key");
        let directory =
            Arc::new(Directory { calls: AtomicUsize::new(0), mood: Mutex::new(mood), gate: Semaphore::new(10_000) });
        let clock = Arc::new(ManualClock::at(NOW));
        let asked = Arc::clone(&directory);
        let mut builder = Verifier::builder().clock(clock.clone()).entitlements(move |caller| {
            let asked = Arc::clone(&asked);
            async move { asked.answer(caller).await }
        });
        for name in ISSUERS {
            let keys = IssuerKeys::jwks(format!(r#"{{"keys":[{}]}}"#, key.jwk()));
            let issuer = Issuer::new(name, keys).audience(Audience::any_of(["api"]));
            builder = builder.issuer(issuer.claim_map(ClaimMap::default().tenant(["org_id"])));
        }
        let verifier = set_up(builder).build().await.unwrap();
        Self { key, clock, directory, verifier }
    }

    pub(crate) fn set_mood(&self, mood: Mood) {
        *self.directory.mood.lock().unwrap() = mood;
    }

    pub(crate) fn calls(&self) -> usize {
        self.directory.calls.load(Ordering::SeqCst)
    }

    /// A token of the first issuer, with these additional claims.
    pub(crate) fn token(&self, subject: &str, more: Value) -> String {
        self.token_of(ISSUERS[0], subject, more)
    }

    pub(crate) fn token_of_the_other_issuer(&self, subject: &str) -> String {
        self.token_of(ISSUERS[1], subject, json!({}))
    }

    fn token_of(&self, issuer: &str, subject: &str, more: Value) -> String {
        let mut claims = json!({"iss": issuer, "aud": "api", "sub": subject, "exp": NOW + 86_400});
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.key.sign(r#"{"alg":"ES256","kid":"key"}"#, claims.to_string())
    }

    pub(crate) async fn verified(&self, subject: &str) -> VerifiedToken {
        self.verifier.verify(&self.token(subject, json!({}))).await.unwrap()
    }

    /// The groups of the caller, including those from outside the token. `None` if there is no verdict.
    pub(crate) async fn groups(&self, token: &VerifiedToken) -> Option<Vec<String>> {
        let granted = self.verifier.caller(token).await.ok()?;
        Some(granted.principal().groups().iter().map(str::to_owned).collect())
    }
}
