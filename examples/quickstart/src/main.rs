//! An API with a local issuer built in: no configuration, no network.
//!
//! Run it with `cargo run -p quickstart`, then paste a line that it prints, such as
//!
//! ```text
//! curl -i http://127.0.0.1:3000/me -H "Authorization: Bearer eyJ..."
//! ```

mod walkthrough;

use countersign::Verifier;
use countersign::providers::Oidc;
use countersign_local_issuer::LocalIssuer;
use reports_api::Documentation;
use std::error::Error;
use std::io;
use std::time::Duration;
use tokio::net::TcpListener;
use walkthrough::Walkthrough;

const ADDRESS: &str = "127.0.0.1:3000";
/// The audience of the local issuer's tokens.
const AUDIENCE: &str = "https://reports.example.com";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // The reasons of refusals are in the log only.
    tracing_subscriber::fmt().with_env_filter("info,countersign=debug").init();

    let listener = TcpListener::bind(ADDRESS).await.map_err(|error| format!("cannot listen on {ADDRESS}: {error}"))?;
    let issuer = start_issuer().await?;
    println!("{}", Walkthrough::new(ADDRESS, &issuer));
    serve(listener, &issuer).await
}

async fn start_issuer() -> io::Result<LocalIssuer> {
    LocalIssuer::builder(AUDIENCE).lifetime(Duration::from_secs(12 * 3600)).start().await
}

/// Serves a protected API: a verifier that trusts the issuer, and a router that contains the verifier.
async fn serve(listener: TcpListener, issuer: &LocalIssuer) -> Result<(), Box<dyn Error>> {
    let provider = Oidc::issuer(issuer.url()).audience(AUDIENCE);
    let documentation = Documentation::log_in(&provider.metadata().await?, "quickstart", AUDIENCE);
    let verifier = Verifier::builder().issuer(provider).realm("reports").build().await?;
    axum::serve(listener, reports_api::router(verifier, &documentation)?).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    /// Runs each printed line in a shell.
    #[tokio::test(flavor = "multi_thread")]
    async fn every_printed_line_works_when_pasted() {
        let (_, printed) = start().await;
        let mut announced = None;
        let mut pasted = 0;
        for line in printed.lines() {
            if let Some(status) = line.rsplit(": ").next().and_then(|word| word.parse::<u16>().ok()) {
                announced = Some(status);
            }
            if line.starts_with("curl ") {
                let expected = announced.take().expect("the expected status is printed above each line");
                let status = paste(&format!("{line} --output /dev/null --write-out '%{{http_code}}'"));
                assert_eq!(status.trim(), expected.to_string(), "{line}");
                pasted += 1;
            }
        }
        assert_eq!(pasted, 11);
    }

    /// Checks the document only. `tests/browser` completes the login.
    #[tokio::test(flavor = "multi_thread")]
    async fn the_documentation_logs_in_at_the_local_issuer() {
        let (address, printed) = start().await;
        let issuer = printed.lines().find_map(|line| line.strip_prefix("Local issuer")).unwrap().trim();
        let document = paste(&format!("curl http://{address}/openapi.json"));
        for endpoint in ["authorize", "token", ".well-known/openid-configuration"] {
            assert!(document.contains(&format!("\"{issuer}/{endpoint}\"")), "{endpoint}");
        }
    }

    /// Starts the API, and returns its address and the printed text.
    async fn start() -> (String, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let issuer = start_issuer().await.unwrap();
        let printed = Walkthrough::new(&address, &issuer).to_string();
        tokio::spawn(async move { serve(listener, &issuer).await.map_err(|error| error.to_string()) });
        (address, printed)
    }

    #[track_caller]
    fn paste(line: &str) -> String {
        let command = format!("{line} --silent --max-time 60");
        let output = Command::new("sh").args(["-c", &command]).output().expect("sh runs");
        String::from_utf8(output.stdout).expect("curl prints text")
    }
}
