//! The cost of a guarded route over an open one, for Countersign and its peers, called in process.
//!
//! Run it with `taskset -c 0 cargo bench --bench routes`.

use axum::http::{HeaderValue, StatusCode};
use countersign_bench::Spread;
use countersign_peers::{App, BadToken, Contender, LocalIssuer, SUBJECT};
use std::error::Error;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};

const ROUNDS: usize = 101;

/// The duration of one lane's turn in a round.
const TURN: Duration = Duration::from_millis(10);

/// More tokens than the fastest guard verifies in one turn.
const TOKENS: usize = 4_000;

fn main() -> Result<(), Box<dyn Error>> {
    // The issuer runs on a separate thread, and the routes on this one.
    let issuer_runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let issuer = issuer_runtime.block_on(LocalIssuer::start(0))?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let tokens = issuer.tokens(0..TOKENS).iter().map(|token| bearer(token)).collect::<Result<Vec<_>, _>>()?;

    let mut lanes = lanes(&runtime, issuer.url())?;
    let answers = lanes.iter().map(|lane| answers(&runtime, lane, &issuer)).collect::<Result<Vec<_>, _>>()?;
    for lane in &mut lanes {
        lane.turn(&runtime, &tokens);
    }
    for _ in 0..ROUNDS {
        for lane in &mut lanes {
            if lane.sight == Sight::First {
                // A new verifier, so that no token is in its cache.
                lane.app = runtime.block_on(lane.contender.app(issuer.url()))?;
            }
            let time = lane.turn(&runtime, &tokens);
            lane.times.push(time);
        }
    }
    report(&lanes, &answers);
    Ok(())
}

/// A contender and its measurements.
struct Lane {
    contender: Contender,
    name: String,
    app: App,
    path: &'static str,
    sight: Sight,
    /// The index of the open route's lane, whose time is subtracted.
    open: usize,
    /// The time of one request in each round, in microseconds.
    times: Vec<f64>,
}

/// The kind of tokens that a lane gets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sight {
    /// Every request has a token that is new to the contender.
    First,
    /// Every request has the same token.
    Again,
    /// Tokens differ from request to request and return in the next round, to someone who remembers none.
    Any,
}

const OPEN: usize = 0;
const OPEN_07: usize = 1;
const FIRST_SIGHT: usize = 2;

fn lanes(runtime: &Runtime, issuer: &str) -> Result<Vec<Lane>, Box<dyn Error>> {
    let lane = |contender: Contender, name: &str, path, sight, open| -> Result<Lane, Box<dyn Error>> {
        let app = runtime.block_on(contender.app(issuer))?;
        Ok(Lane { contender, name: name.to_owned(), app, path, sight, open, times: Vec::new() })
    };
    let mut lanes = vec![
        lane(Contender::Bare, "bare route", "/open", Sight::Any, OPEN)?,
        lane(Contender::JwtAuthorizer, "bare route of axum 0.7", "/open", Sight::Any, OPEN_07)?,
        lane(Contender::Countersign, "countersign, first sight", "/protected", Sight::First, OPEN)?,
        lane(Contender::Countersign, "countersign, the same token again", "/protected", Sight::Again, OPEN)?,
    ];
    for peer in Contender::GUARDS.into_iter().filter(|contender| *contender != Contender::Countersign) {
        let open = if peer == Contender::JwtAuthorizer { OPEN_07 } else { OPEN };
        lanes.push(lane(peer, peer.name(), "/protected", Sight::Any, open)?);
    }
    Ok(lanes)
}

impl Lane {
    /// Runs one turn, and gives the time of one request in microseconds.
    fn turn(&self, runtime: &Runtime, tokens: &[HeaderValue]) -> f64 {
        runtime.block_on(async {
            let start = Instant::now();
            let mut requests = 0;
            while start.elapsed() < TURN {
                for _ in 0..8 {
                    let token = if self.sight == Sight::Again { 0 } else { requests % tokens.len() };
                    let (status, _) = self.app.call(self.path, Some(&tokens[token])).await;
                    assert_eq!(status, StatusCode::OK, "{}", self.name);
                    requests += 1;
                }
            }
            let time = start.elapsed();
            assert!(self.sight != Sight::First || requests <= tokens.len(), "{} saw a token again", self.name);
            time.as_secs_f64() * 1e6 / requests as f64
        })
    }
}

/// The contender's responses to a valid token, to each invalid one and to none. One that does not verify is an error.
fn answers(runtime: &Runtime, lane: &Lane, issuer: &LocalIssuer) -> Result<String, Box<dyn Error>> {
    let ask = |token: Option<&HeaderValue>| runtime.block_on(lane.app.call(lane.path, token));
    let (good, body) = ask(Some(&bearer(&issuer.tokens(0..1)[0])?));
    if good != StatusCode::OK || body != SUBJECT {
        return Err(format!("{} answers a valid token with {good}: {body:?}", lane.name).into());
    }
    if lane.path == "/open" {
        return Ok("open".to_owned());
    }
    let mut statuses = vec![good.as_str().to_owned()];
    for bad in BadToken::ALL {
        let (status, _) = ask(Some(&bearer(&issuer.bad_token(bad))?));
        if status.is_success() {
            return Err(format!("{} accepts an invalid token: {bad:?}", lane.name).into());
        }
        statuses.push(status.as_str().to_owned());
    }
    statuses.push(ask(None).0.as_str().to_owned());
    Ok(statuses.join(" "))
}

fn report(lanes: &[Lane], answers: &[String]) {
    let overheads: Vec<Vec<f64>> = lanes
        .iter()
        .map(|lane| lane.times.iter().zip(&lanes[lane.open].times).map(|(own, open)| own - open).collect())
        .collect();
    println!("In process, one core, RS256, a token of 755 bytes, typed claims, {ROUNDS} rounds of {TURN:?} each.");
    for open in [OPEN, OPEN_07] {
        println!("The {} takes {:.2} µs.", lanes[open].name, Spread::of(lanes[open].times.clone()).median);
    }
    println!(
        "Answers: to a valid token, a tampered one, one for another audience, of another issuer, expired, to none.\n"
    );
    println!("| route | over the open route, median | min to max | x first sight, median | min to max | answers |");
    println!("|---|---|---|---|---|---|");
    for ((lane, overhead), answers) in lanes.iter().zip(&overheads).zip(answers).skip(FIRST_SIGHT) {
        let ratio = overhead.iter().zip(&overheads[FIRST_SIGHT]).map(|(own, first)| own / first).collect();
        let (overhead, ratio) = (Spread::of(overhead.clone()), Spread::of(ratio));
        println!(
            "| {} | {:.2} µs | {:.2} to {:.2} | **{:.2}** | {:.2} to {:.2} | {answers} |",
            lane.name, overhead.median, overhead.min, overhead.max, ratio.median, ratio.min, ratio.max,
        );
    }
}

fn bearer(token: &str) -> Result<HeaderValue, Box<dyn Error>> {
    Ok(HeaderValue::try_from(format!("Bearer {token}"))?)
}
