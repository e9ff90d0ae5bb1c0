//! The reports API for a real provider, configured by environment variables only.
//!
//! Run it with
//!
//! ```text
//! COUNTERSIGN_ISSUER=https://idp.example.com COUNTERSIGN_AUDIENCE=https://api.example.com cargo run -p resource-server
//! curl -i http://127.0.0.1:3000/me -H "Authorization: Bearer $TOKEN"
//! ```
//!
//! The websocket `/ws` echoes messages. It requires a valid token. A script in a browser sends the token as a protocol,
//! `new WebSocket("ws://127.0.0.1:3000/ws", ["bearer", token])`. A program sends it in `Authorization`.
//!
//! `cargo run -p resource-server -- --matrix` prints the access matrix, and needs no configuration.

mod config;

use axum::response::Response;
use config::Config;
use countersign::providers::{Oidc, Provider};
use countersign::ws::AuthenticatedUpgrade;
use countersign::{GuardedRouter, Verifier, route};
use reports_api::Documentation;
use std::fmt::Display;
use std::process::ExitCode;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("--matrix") {
        print!("{}", operations().matrix().to_text());
        return ExitCode::SUCCESS;
    }
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
    let mut provider = Oidc::issuer(&config.issuer).audience(&config.audience).leeway(config.leeway);
    if let Some(algorithms) = &config.algorithms {
        provider = provider.algorithms(algorithms.iter().copied());
    }
    let verifier = Verifier::builder()
        .issuer(provider.clone())
        .realm("reports")
        .build()
        .await
        .map_err(|error| format!("{}: {error}", config::variable_of(&error)))?;
    let documentation = documentation(&config, &provider).await;
    let router = reports_api::router_of(operations(), verifier, &documentation).map_err(text)?;
    let listener = TcpListener::bind(config.bind).await.map_err(|error| format!("BIND: {}: {error}", config.bind))?;
    println!("listening on http://{}", listener.local_addr().map_err(text)?);
    axum::serve(listener, router).await.map_err(text)
}

fn operations() -> GuardedRouter<Verifier> {
    reports_api::operations().route("/ws", route!(get, echo))
}

/// Echoes messages until the token expires.
async fn echo(upgrade: AuthenticatedUpgrade) -> Response {
    upgrade.on_upgrade(|mut socket, _principal| async move {
        while let Some(Ok(message)) = socket.recv().await {
            if socket.send(message).await.is_err() {
                return;
            }
        }
    })
}

/// Offers login through the provider if a client is configured and the provider answers. Pasting a token always works.
async fn documentation(config: &Config, provider: &Provider<Oidc>) -> Documentation {
    let Some(client_id) = &config.docs_client_id else { return Documentation::pasting() };
    match provider.metadata().await {
        Ok(metadata) => Documentation::log_in(&metadata, client_id, &config.audience),
        Err(error) => {
            tracing::warn!(%error, "the documentation page cannot offer login, and accepts pasted tokens only");
            Documentation::pasting()
        }
    }
}

fn text(error: impl Display) -> String {
    error.to_string()
}
