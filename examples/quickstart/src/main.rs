//! An API with a local issuer built in: no configuration, no network.
//!
//! Run with `cargo run -p quickstart`, then paste the lines it prints, such as
//!
//! ```text
//! curl -i http://127.0.0.1:3000/me -H "Authorization: Bearer eyJ..."
//! ```

mod walkthrough;

use countersign::{Oidc, Verifier};
use countersign_testing::TestIssuer;
use reports_api::Documentation;
use std::error::Error;
use tokio::net::TcpListener;
use walkthrough::{AUDIENCE, Walkthrough};

const ADDRESS: &str = "127.0.0.1:3000";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Why a request was refused is said here, and only here.
    tracing_subscriber::fmt().with_env_filter("info,countersign=debug").init();

    let listener = TcpListener::bind(ADDRESS).await.map_err(|error| format!("{ADDRESS} cannot be had: {error}"))?;
    let issuer = TestIssuer::start().await?;
    println!("{}", Walkthrough::new(ADDRESS, &issuer));
    serve(listener, &issuer).await
}

/// The whole set-up of a protected API: a verifier that trusts an issuer, and a router that holds it.
async fn serve(listener: TcpListener, issuer: &TestIssuer) -> Result<(), Box<dyn Error>> {
    let verifier =
        Verifier::builder().issuer(Oidc::issuer(issuer.url()).audience(AUDIENCE)).realm("reports").build().await?;
    axum::serve(listener, reports_api::router(verifier, &Documentation::pasting())?).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    /// Pastes each line into a shell, as a newcomer would.
    #[tokio::test(flavor = "multi_thread")]
    async fn every_printed_line_works_when_pasted() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let issuer = TestIssuer::start().await.unwrap();
        let printed = Walkthrough::new(&address, &issuer).to_string();
        tokio::spawn(async move { serve(listener, &issuer).await.map_err(|error| error.to_string()) });

        let mut announced = None;
        let mut pasted = 0;
        for line in printed.lines() {
            if let Some(status) = line.rsplit(": ").next().and_then(|word| word.parse::<u16>().ok()) {
                announced = Some(status);
            }
            if line.starts_with("curl ") {
                let expected = announced.take().expect("each line stands below its status");
                assert_eq!(paste(line), expected, "{line}");
                pasted += 1;
            }
        }
        assert_eq!(pasted, 10);
    }

    #[track_caller]
    fn paste(line: &str) -> u16 {
        let command = format!("{line} --silent --max-time 10 --output /dev/null --write-out '%{{http_code}}'");
        let output = Command::new("sh").args(["-c", &command]).output().expect("sh runs");
        String::from_utf8_lossy(&output.stdout).trim().parse().expect("curl prints a status")
    }
}
