//! One verifier under a steady load, while its provider rotates its keys.

use super::rotating::{OldKeys, Rotating, kid};
use super::tally::{Counts, Tally};
use crate::forgery::renamed_key;
use crate::process::LIMIT;
use crate::{API, Result, verdict};
use countersign::Verifier;
use countersign::providers::Oidc;
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep, sleep_until, timeout};

/// The cool-down between two fetches for an unknown `kid`.
pub(super) const COOL_DOWN: Duration = Duration::from_secs(30);
/// Additional time for a busy machine.
const SLACK: Duration = Duration::from_secs(30);
/// The time from the notice of a new key to the next rotation. It is longer than a cool-down, so that the next key can be
/// noticed at once.
const INTERVAL: Duration = Duration::from_secs(35);
/// The same with made-up kids, and before the first rotation. Made-up kids cause fetches at the start and after each
/// cool-down. This keeps rotations away from them, since a provider may not answer while it rotates.
const CALM: Duration = Duration::from_secs(3);
/// The time after the last rotation was noticed.
const AFTERMATH: Duration = Duration::from_secs(2);
pub(super) const ROTATIONS: [OldKeys; 3] = [OldKeys::Kept, OldKeys::Kept, OldKeys::Dropped];

const VERIFICATIONS_PER_SECOND: u32 = 150;
const FORGERIES_PER_SECOND: u32 = 20;
const POLL: Duration = Duration::from_millis(100);
/// The interval at which the provider issues tokens.
const FRESH_TOKEN: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Traffic {
    Honest,
    /// Some tokens name made-up keys. Without the cool-down, each could cause a fetch.
    WithMadeUpKids,
}

pub(super) struct Outcome {
    pub(super) counts: Counts,
    pub(super) key_fetches: u64,
    pub(super) lasted: Duration,
}

pub(super) async fn soak<P: Rotating>(log: &str, traffic: Traffic) -> Result<Outcome> {
    let mut provider = P::start(log).await?;
    let start = Instant::now();
    let issuer = Oidc::issuer(provider.issuer()).audience(API);
    let verifier = Verifier::builder().issuer(issuer).build().await?;
    let patience = if traffic == Traffic::Honest { Duration::ZERO } else { COOL_DOWN + SLACK };
    let load = Load {
        verifier,
        tally: Arc::new(Tally::new(patience)),
        tokens: RefCell::new(vec![(0, provider.token().await?)]),
        over: Cell::new(false),
    };
    timeout(LIMIT, load.verifier.wait_until_ready()).await.map_err(|_| format!("no keys after {LIMIT:?}"))?;
    let script = async {
        let outcome = load.rotations(&mut provider, traffic).await;
        load.over.set(true);
        outcome
    };
    let forgeries = async { if traffic == Traffic::WithMadeUpKids { load.forgeries().await } else { Ok(()) } };
    let (rotated, (), forged) = tokio::join!(script, load.verifications(), forgeries);
    rotated.and(forged)?;
    Ok(Outcome { counts: load.tally.counts(), key_fetches: provider.key_fetches().await?, lasted: start.elapsed() })
}

struct Load {
    verifier: Verifier,
    tally: Arc<Tally>,
    /// All tokens with their keys, the newest last. None expires during the run.
    tokens: RefCell<Vec<(usize, String)>>,
    over: Cell<bool>,
}

impl Load {
    async fn rotations(&self, provider: &mut impl Rotating, traffic: Traffic) -> Result {
        let apart = if traffic == Traffic::Honest { INTERVAL } else { CALM };
        // The first made-up kid causes a fetch as well.
        self.wait(provider, || traffic == Traffic::Honest || self.tally.counts().made_up > 0).await?;
        for (index, old) in ROTATIONS.into_iter().enumerate() {
            self.fresh_tokens(provider, if index == 0 { CALM } else { apart }).await?;
            self.rotate(provider, old).await?;
            self.wait(provider, || self.tally.has_seen_newest()).await?;
        }
        sleep(AFTERMATH).await;
        Ok(())
    }

    /// Waits until the condition holds, or until it should have held long ago.
    async fn wait(&self, provider: &impl Rotating, came_about: impl Fn() -> bool) -> Result {
        let start = Instant::now();
        let mut next = start + FRESH_TOKEN;
        while !came_about() && start.elapsed() < COOL_DOWN + SLACK {
            sleep(POLL).await;
            if next <= Instant::now() {
                self.add(provider.token().await?);
                next += FRESH_TOKEN;
            }
        }
        Ok(())
    }

    async fn rotate(&self, provider: &mut impl Rotating, old: OldKeys) -> Result {
        if old == OldKeys::Dropped {
            self.tally.drops_old_keys();
        }
        let before = self.newest_token();
        provider.rotate(old).await?;
        let token = provider.token().await?;
        if kid(&token)? == kid(&before)? {
            return Err("the provider was asked to rotate its keys, and did not".into());
        }
        self.tally.new_key();
        self.add(token);
        Ok(())
    }

    async fn fresh_tokens(&self, provider: &impl Rotating, time: Duration) -> Result {
        let end = Instant::now() + time;
        loop {
            let next = Instant::now() + FRESH_TOKEN;
            if next > end {
                sleep_until(end).await;
                return Ok(());
            }
            sleep_until(next).await;
            self.add(provider.token().await?);
        }
    }

    /// Starts one verification at each tick, even if earlier ones still run.
    async fn verifications(&self) {
        let mut ticks = per_second(VERIFICATIONS_PER_SECOND);
        let mut under_way = JoinSet::new();
        for number in 0.. {
            ticks.tick().await;
            if self.over.get() {
                break;
            }
            let (key, token) = self.some_token(number);
            let (verifier, tally) = (self.verifier.clone(), Arc::clone(&self.tally));
            under_way.spawn(async move {
                let begun = tally.begin(key);
                tally.end(&begun, &verdict::verified(&verifier, &token).await);
            });
            while under_way.try_join_next().is_some() {}
        }
        under_way.join_all().await;
    }

    async fn forgeries(&self) -> Result {
        let mut ticks = per_second(FORGERIES_PER_SECOND);
        let mut under_way = JoinSet::new();
        for number in 0.. {
            ticks.tick().await;
            if self.over.get() {
                break;
            }
            let token = renamed_key(&self.newest_token(), &format!("made-up-{number}"))?;
            let (verifier, tally) = (self.verifier.clone(), Arc::clone(&self.tally));
            under_way.spawn(async move { tally.end_made_up(&verdict::verified(&verifier, &token).await) });
            while under_way.try_join_next().is_some() {}
        }
        under_way.join_all().await;
        Ok(())
    }

    fn add(&self, token: String) {
        self.tokens.borrow_mut().push((self.tally.newest(), token));
    }

    fn newest_token(&self) -> String {
        self.tokens.borrow().last().map(|(_, token)| token.clone()).unwrap_or_default()
    }

    /// Alternates between the newest token and all tokens in turn.
    fn some_token(&self, number: usize) -> (usize, String) {
        let tokens = self.tokens.borrow();
        let index = if number.is_multiple_of(2) { tokens.len() - 1 } else { number / 2 % tokens.len() };
        tokens[index].clone()
    }
}

fn per_second(times: u32) -> Interval {
    let mut ticks = interval(Duration::from_secs(1) / times);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ticks
}
