//! An OpenID provider with a login page, on loopback, for development.
//!
//! Run it with `cargo run -p local-issuer`, then paste a line that it prints, such as
//!
//! ```text
//! curl -sS http://127.0.0.1:9400/token -d grant_type=client_credentials -d client_id=svc -d scope=reports:read
//! ```

mod instructions;
mod options;

use countersign_local_issuer::LocalIssuer;
use instructions::Instructions;
use options::{Command, Options};
use std::future;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), String> {
    let options = match options::read(lexopt::Parser::from_env()).map_err(|error| error.to_string())? {
        Command::Help => {
            print!("{}", options::HELP);
            return Ok(());
        }
        Command::Issuer(options) => options,
    };
    let issuer = start(options).await?;
    println!("{}", Instructions::new(&issuer));
    future::pending().await
}

async fn start(options: Options) -> Result<LocalIssuer, String> {
    let Options { port, audience, personas } = options;
    let issuer = LocalIssuer::builder(audience).bind(([127, 0, 0, 1], port)).personas(personas);
    issuer.start().await.map_err(|error| format!("port {port}: {error}"))
}
