//! Tests with tokens of real and imitated identity providers on loopback. The verdicts of the `resource-server` example
//! and of the presets are compared with the expected ones. Callers with entitlements in Debian's PostgreSQL are tested
//! as well.
//!
//! `tests/live/run` installs the providers, builds the binaries and starts this one. Arguments select sections. The last
//! line has the numbers of passed, failed and skipped checks. The run succeeds if the last two are zero.

mod auth0_simulator;
mod browser;
mod configuration;
mod decoded;
mod emulate;
mod forgery;
mod glewlwyd;
mod glewlwyd_tokens;
mod moto;
mod oidc_provider;
mod openid;
mod pass_through;
mod postgres;
mod process;
mod production_names;
mod providers;
mod relying_party;
mod report;
mod resource_server;
mod rotation;
mod shapes;
mod sql_entitlements;
mod verdict;

use report::Report;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio::time::timeout;

type Error = Box<dyn std::error::Error + Send + Sync>;
type Result<T = ()> = std::result::Result<T, Error>;

/// The audience of the API, and that of another one.
const API: &str = "https://api.example.test";
const OTHER_API: &str = "https://other.example.test";
/// The time limit of a section, which makes a hang a failure. Most sections take less than a tenth of it.
const SECTION_LIMIT: Duration = Duration::from_secs(1_200);
/// The sections in order, with their numbers of checks, so that a missing check is noticed.
const SECTIONS: [(&str, usize); 6] = [
    ("configuration", 7),
    ("oidc-provider", 51),
    ("glewlwyd", 16),
    ("providers", 154),
    ("PostgreSQL", 93),
    ("rotation", 18),
];

#[tokio::main]
async fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = wanted.iter().find(|wanted| SECTIONS.iter().all(|(name, _)| name != wanted)) {
        let names = SECTIONS.map(|(name, _)| name).join(", ");
        eprintln!("there is no section {unknown:?}, but these: {names}");
        return ExitCode::FAILURE;
    }
    let mut report = Report::default();
    for (name, checks) in SECTIONS {
        if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == name) {
            continue;
        }
        // An error of a section is a failure, and the other sections still run.
        let before = report.checks();
        let outcome = timeout(SECTION_LIMIT, section(name, &mut report)).await;
        if let Err(error) = outcome.unwrap_or_else(|_| Err(format!("not done after {SECTION_LIMIT:?}").into())) {
            report.broke_off(name, "(the section itself)", error);
        }
        report.close_section(name, before, checks);
    }
    print!("{report}");
    if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn section(name: &str, report: &mut Report) -> Result {
    match name {
        "configuration" => configuration::check(report).await,
        "oidc-provider" => openid::check(report).await,
        "glewlwyd" => glewlwyd_tokens::check(report).await,
        "providers" => providers::check(report).await,
        "PostgreSQL" => sql_entitlements::check(report).await,
        "rotation" => rotation::check(report).await,
        _ => Err("it has a name and no checks".into()),
    }
}

/// The folder of the installed providers and of the servers' logs.
fn cache() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache")
}
