//! Random histories of requests, rotations, failures and time. In any order, no request waits too long or is
//! forgotten, and no task outlives the verifier.

use crate::provider::{Provider, verdict};
use countersign_core::Verifier;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

const SCHEDULES: u64 = 10_000;
const STEPS: u64 = 24;
/// The deadline of an attempt, plus a little time to see its end.
const DEADLINE: Duration = Duration::from_millis(5_250);
/// The deadline of two attempts, plus a little time to see their end.
const ORDER_DEADLINE: Duration = Duration::from_millis(10_250);
/// Longer than any cool-down.
const CALM: Duration = Duration::from_secs(130);

#[test]
fn ten_thousand_random_schedules_lose_nobody() {
    let seed = std::env::var("COUNTERSIGN_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_122);
    for schedule in 0..SCHEDULES {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(Schedule::run(Random(seed ^ (schedule << 32)), schedule));
    }
}

struct Schedule {
    number: u64,
    provider: Provider,
    verifier: Verifier,
    generation: u64,
    requests: Vec<JoinHandle<()>>,
    /// A count of the provider's changes, and the moment since which it works and its keys are unchanged.
    calm: watch::Sender<(u64, Option<Instant>)>,
}

impl Schedule {
    async fn run(mut random: Random, number: u64) {
        let provider = Provider::publishing(&["key-0"]);
        let start = Instant::now();
        let verifier = provider.verifier().await;
        let mut schedule = Self {
            number,
            provider,
            verifier,
            generation: 0,
            requests: Vec::new(),
            calm: watch::Sender::new((0, Some(start))),
        };
        for _ in 0..STEPS {
            schedule.step(&mut random).await;
        }
        schedule.end(start).await;
    }

    async fn step(&mut self, random: &mut Random) {
        match random.below(14) {
            0 => {
                self.generation += 1;
                self.publish();
            }
            1 => {
                self.provider.fail();
                self.disturb();
            }
            2 => self.publish(),
            3 => {
                self.provider.take(Duration::from_millis(random.below(7_000)));
                self.disturb();
            }
            4 => self.provider.take(Duration::ZERO),
            5 if !self.requests.is_empty() => {
                let at = random.below(self.requests.len() as u64) as usize;
                self.requests.swap_remove(at).abort();
            }
            6 | 7 => sleep(Duration::from_millis(random.below(60_000))).await,
            8 => sleep(Duration::from_millis(random.below(100))).await,
            12 => {
                // A period without failures.
                self.provider.take(Duration::from_millis(random.below(2_000)));
                self.publish();
                self.calm.send_modify(|(_, since)| *since = Some(Instant::now()));
                sleep(CALM).await;
            }
            13 => self.order(),
            9 => self.request(format!("bogus-{}", random.below(3))),
            _ => self.request(format!("key-{}", self.generation.saturating_sub(random.below(2)))),
        }
    }

    /// Requests may fail from now on, until the next calm period begins.
    fn disturb(&self) {
        self.calm.send_modify(|(changes, since)| (*changes, *since) = (*changes + 1, None));
    }

    fn publish(&self) {
        // The first generation has no predecessor. A key that is listed twice is one key.
        let [old, new] = [self.generation.saturating_sub(1), self.generation].map(|number| format!("key-{number}"));
        self.provider.publish(&[&old, &new]);
        self.disturb();
    }

    /// The operator's refresh. Its attempt begins after the call.
    fn order(&mut self) {
        let (number, verifier) = (self.number, self.verifier.clone());
        self.requests.push(tokio::spawn(async move {
            let (start, before) = (Instant::now(), attempts(&verifier));
            let outcome = verifier.refresh_keys_now().await;
            assert!(start.elapsed() <= ORDER_DEADLINE, "schedule {number}: an order took {:?}", start.elapsed());
            assert!(attempts(&verifier) > before, "schedule {number}: {outcome:?} without an attempt");
        }));
    }

    fn request(&mut self, kid: String) {
        let (number, verifier, calm) = (self.number, self.verifier.clone(), self.calm.subscribe());
        self.requests.push(tokio::spawn(async move {
            let before = *calm.borrow();
            let start = Instant::now();
            let has_key = holds(&verifier, &kid);
            let verdict = verdict(&verifier, &kid).await;
            assert!(start.elapsed() <= DEADLINE, "schedule {number}: {kid} waited {:?}", start.elapsed());
            if has_key {
                assert_eq!((verdict, start.elapsed()), ("found", Duration::ZERO), "schedule {number}: {kid}");
            }
            if kid.starts_with("key-")
                && before.1.is_some_and(|since| since + CALM <= start)
                && calm.borrow().0 == before.0
            {
                assert_eq!(verdict, "found", "schedule {number}: {kid}, which was published all the time");
            }
        }));
    }

    /// Checks that every request succeeds in time after the provider has recovered.
    async fn end(self, start: Instant) {
        let number = self.number;
        self.provider.take(Duration::ZERO);
        self.publish();
        sleep(DEADLINE).await;
        for request in self.requests {
            assert!(request.is_finished(), "schedule {number}: a request was forgotten");
            request.await.unwrap();
        }
        // The longest cool-down.
        sleep(Duration::from_secs(120)).await;
        let newest = format!("key-{}", self.generation);
        assert_eq!(verdict(&self.verifier, &newest).await, "found", "schedule {number}");
        let counts = self.verifier.keys().next().unwrap().counts();
        let cool_downs = start.elapsed().as_secs() / 30 + 1;
        assert!(counts.forced <= cool_downs, "schedule {number}: {counts:?} in {cool_downs} cool-downs");

        drop(self.verifier);
        tokio::task::yield_now().await;
        assert_eq!(Arc::strong_count(&self.provider.0), 1, "schedule {number}: a task lives on");
    }
}

fn attempts(verifier: &Verifier) -> u64 {
    verifier.keys().next().unwrap().counts().attempts
}

fn holds(verifier: &Verifier, kid: &str) -> bool {
    let keys = verifier.keys().next().unwrap();
    keys.set().is_some_and(|set| set.iter().any(|(other, _)| other == Some(kid)))
}

/// Many tasks use a new key for the first time, and some give up. It runs on real threads instead of paused time.
#[test]
fn a_thousand_races_for_a_new_key_take_one_fetch_each() {
    let runtime = Builder::new_multi_thread().worker_threads(4).enable_time().build().unwrap();
    let mut random = Random(20_261_122);
    for race in 0..1_000 {
        let provider = Provider::publishing(&["old"]);
        let verifier = runtime.block_on(provider.verifier());
        provider.publish(&["old", "new"]);
        let requests: Vec<_> = (0..16)
            .map(|_| {
                let verifier = verifier.clone();
                runtime.spawn(async move { verdict(&verifier, "new").await })
            })
            .collect();
        requests[random.below(16) as usize].abort();
        for request in requests {
            match runtime.block_on(request) {
                Ok(verdict) => assert_eq!(verdict, "found", "race {race}"),
                Err(error) => assert!(error.is_cancelled(), "race {race}: {error}"),
            }
        }
        assert_eq!(provider.fetches(), 2, "race {race}");
    }
}

/// SplitMix64, which is random enough for schedules and the same on every platform.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}
