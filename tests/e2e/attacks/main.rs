//! The attack corpus: hostile input with the expected verdicts, by class.
//!
//! The cases are data in `tests/corpus/attacks/*.toml`. `case.rs` describes the fields of a case. A new file there is a
//! new class. `vectors/` adds the signatures of Project Wycheproof, and `independent.rs` tokens of another implementation.

mod answer;
mod api;
mod case;
mod client;
mod forge;
mod identity_provider;
mod independent;
mod keyring;
mod run;
mod template;
mod token;
mod vectors;
mod world;

use crate::case::{Case, classes};
use crate::world::World;
use std::fmt::Write as _;
use std::io::Write as _;

/// Runs everything on one thread, so that the journal of a case contains exactly its log lines.
#[tokio::test(flavor = "current_thread")]
async fn every_case_gets_its_verdict() {
    let world = World::start().await;
    let mut report = String::from("attack corpus\n");
    let mut failures = Vec::new();
    let mut total = 0;
    for (class, cases) in classes() {
        let mut failed = 0;
        for case in &cases {
            let problems = match case {
                Ok(case) => world.run(case).await.into_iter().map(|problem| line(&class, case, &problem)).collect(),
                Err(unreadable) => vec![format!("{class}: {unreadable}")],
            };
            failed += usize::from(!problems.is_empty());
            failures.extend(problems);
        }
        total += cases.len();
        writeln!(report, "{:>6} {class}{}", cases.len(), failing(failed)).expect("a string takes all");
    }
    writeln!(report, "{total:>6} in all").expect("a string takes all");
    // Not `print!`, which the test harness captures.
    std::io::stderr().write_all(report.as_bytes()).expect("stderr is open");
    assert!(failures.is_empty(), "{} problems:\n{}", failures.len(), failures.join("\n"));
}

fn line(class: &str, case: &Case, problem: &str) -> String {
    format!("{class}: {}: {problem}", case.name)
}

fn failing(count: usize) -> String {
    if count == 0 { String::new() } else { format!(" ({count} failing)") }
}
