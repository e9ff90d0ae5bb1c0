//! Measurements of contenders that take turns in short rounds. So a change in the machine's speed affects all of them,
//! and each round gives its own ratio.

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// The duration of one contender's turn in a round.
const TURN: Duration = Duration::from_millis(10);

/// The output of a future that never waits, such as a verification with available keys.
///
/// # Panics
///
/// If the future waits.
pub fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the future waits"),
    }
}

/// A function to measure, with its name.
pub struct Contender<'a> {
    name: String,
    run: Box<dyn FnMut() + 'a>,
}

impl std::fmt::Debug for Contender<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contender").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<'a> Contender<'a> {
    /// Creates a contender. The compiler cannot optimise the result of `run` away.
    pub fn new<T>(name: impl Into<String>, mut run: impl FnMut() -> T + 'a) -> Self {
        Self {
            name: name.into(),
            run: Box::new(move || {
                black_box(run());
            }),
        }
    }

    /// Runs one turn, and gives the time of one run in nanoseconds.
    fn turn(&mut self) -> f64 {
        let start = Instant::now();
        let mut runs = 0_u32;
        while start.elapsed() < TURN {
            for _ in 0..8 {
                (self.run)();
            }
            runs += 8;
        }
        start.elapsed().as_nanos() as f64 / f64::from(runs)
    }
}

/// The minimum, median and maximum of some figures.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// The minimum.
    pub min: f64,
    /// The median.
    pub median: f64,
    /// The maximum.
    pub max: f64,
}

impl Spread {
    /// The spread of these figures. There must be at least one.
    pub fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        Self { min: figures[0], median: figures[figures.len() / 2], max: figures[figures.len() - 1] }
    }
}

/// Lets the contenders take turns, and prints one row of a Markdown table for each: its time, and its ratio to the
/// first contender in the same round.
pub fn compare(title: &str, rounds: usize, mut contenders: Vec<Contender<'_>>) {
    contenders.iter_mut().for_each(|contender| {
        contender.turn();
    });
    let mut times = vec![Vec::with_capacity(rounds); contenders.len()];
    for _ in 0..rounds {
        for (contender, times) in contenders.iter_mut().zip(&mut times) {
            times.push(contender.turn());
        }
    }
    for (contender, own) in contenders.iter().zip(&times) {
        let ratio = Spread::of(own.iter().zip(&times[0]).map(|(own, first)| own / first).collect());
        let time = Spread::of(own.clone());
        println!(
            "| {title} | {} | **{:.2}** | {:.2} to {:.2} | {:.2} µs |",
            contender.name,
            ratio.median,
            ratio.min,
            ratio.max,
            time.median / 1e3
        );
    }
}

/// Prints the head of the table that [`compare`] fills.
pub fn head(base: &str) {
    println!("| case | contender | x {base}, median | min to max | time, median |");
    println!("|---|---|---|---|---|");
}
