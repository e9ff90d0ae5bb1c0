//! Tokens of identity providers, real and imitated, all of them on loopback: the `resource-server` example and the presets
//! give their verdicts, which are compared with the expected ones. So are those on callers whose grants are in Debian's
//! PostgreSQL.
//!
//! `tests/live/run` installs the providers, builds the binaries and starts this one. Arguments name the only sections to
//! run.

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
mod sql_grants;
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
/// No section takes a tenth of this, except for the one that lasts; it is here so that a hang becomes a failure.
const SECTION_LIMIT: Duration = Duration::from_secs(120);
const ROTATION_LIMIT: Duration = Duration::from_secs(180);

#[tokio::main]
async fn main() -> ExitCode {
    let mut report = Report::default();
    section(&mut report, "configuration", SECTION_LIMIT, configuration::check).await;
    section(&mut report, "oidc-provider", SECTION_LIMIT, openid::check).await;
    section(&mut report, "glewlwyd", SECTION_LIMIT, glewlwyd_tokens::check).await;
    section(&mut report, "providers", SECTION_LIMIT, providers::check).await;
    section(&mut report, "PostgreSQL", SECTION_LIMIT, sql_grants::check).await;
    section(&mut report, "rotation", ROTATION_LIMIT, rotation::check).await;
    print!("{report}");
    if report.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A section that breaks off is a failure of its own, and the others still run.
async fn section(
    report: &mut Report,
    name: &'static str,
    limit: Duration,
    check: impl AsyncFnOnce(&mut Report) -> Result,
) {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == name) {
        return;
    }
    let outcome = timeout(limit, check(report)).await;
    if let Err(error) = outcome.unwrap_or_else(|_| Err(format!("not done after {limit:?}").into())) {
        report.check(name, "(the section itself)", "no error", Err(error));
    }
}

/// Where `run` installs the providers and the servers leave their logs.
fn cache() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(".cache")
}
