//! The API for a real provider, configured by the environment alone.
//!
//! Run with
//!
//! ```text
//! COUNTERSIGN_ISSUER=https://idp.example.com COUNTERSIGN_AUDIENCE=https://api.example.com cargo run -p resource-server
//! curl -i http://127.0.0.1:3000/me -H "Authorization: Bearer $TOKEN"
//! ```

mod config;

use config::Config;
use countersign::{Oidc, Verifier};
use std::fmt::Display;
use std::process::ExitCode;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), String> {
    let config = Config::from_env(|name| std::env::var(name).ok())?;
    let mut provider = Oidc::issuer(config.issuer).audience(config.audience).leeway(config.leeway);
    if let Some(algorithms) = config.algorithms {
        provider = provider.algorithms(algorithms);
    }
    let verifier = Verifier::builder()
        .issuer(provider)
        .realm("reports")
        .build()
        .await
        .map_err(|error| format!("{}: {error}", config::variable_of(&error)))?;
    let listener = TcpListener::bind(config.bind).await.map_err(|error| format!("BIND: {}: {error}", config.bind))?;
    println!("listening on http://{}", listener.local_addr().map_err(text)?);
    axum::serve(listener, reports_api::router(verifier)).await.map_err(text)
}

fn text(error: impl Display) -> String {
    error.to_string()
}
