//! An API with a local issuer built in: no configuration, no network.
//!
//! Run with `cargo run -p quickstart`, then paste the lines it prints, such as
//!
//! ```text
//! curl -i http://127.0.0.1:3000/me -H "Authorization: Bearer $ALICE"
//! ```

use countersign::{Oidc, Verifier};
use countersign_testing::TestIssuer;
use std::error::Error;
use std::time::Duration;
use tokio::net::TcpListener;

const ADDRESS: &str = "127.0.0.1:3000";
const AUDIENCE: &str = "https://reports.example.com";

/// Who there is: name, groups, scopes.
const PERSONAS: [(&str, &[&str], &[&str]); 3] = [
    ("alice", &["admin"], &["reports:read", "reports:write"]),
    ("bob", &["manager"], &["reports:read"]),
    ("carol", &[], &[]),
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Why a request was refused is said here, and only here.
    tracing_subscriber::fmt().with_env_filter("info,countersign=debug").init();

    let issuer = TestIssuer::start().await?;
    let verifier =
        Verifier::builder().issuer(Oidc::issuer(issuer.url()).audience(AUDIENCE)).realm("reports").build().await?;

    let listener = TcpListener::bind(ADDRESS).await.map_err(|error| format!("{ADDRESS} cannot be had: {error}"))?;
    println!("{}", greeting(&issuer));
    axum::serve(listener, reports_api::router(verifier)).with_graceful_shutdown(interrupted()).await?;
    Ok(())
}

async fn interrupted() {
    // Without a handler for Ctrl-C the process just ends, which is as good.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}

/// Everything a newcomer needs, ready to be pasted.
fn greeting(issuer: &TestIssuer) -> String {
    let exports: String = PERSONAS
        .iter()
        .map(|(name, groups, scopes)| {
            let token = issuer
                .token(name)
                .audience(AUDIENCE)
                .claim("email", format!("{name}@example.com"))
                .groups(groups.iter().copied())
                .scopes(scopes.iter().copied())
                .expires_in(Duration::from_secs(12 * 3600))
                .mint();
            let groups = if groups.is_empty() { "no group".to_owned() } else { groups.join(", ") };
            let scopes = if scopes.is_empty() { "no scope".to_owned() } else { scopes.join(" ") };
            format!("# {name}: {groups}; {scopes}\n{}={token}\n\n", name.to_uppercase())
        })
        .collect();
    format!(
        r#"
The API listens on http://{ADDRESS}, the issuer on {issuer}.

Paste the tokens into another shell (they are good for 12 hours):

{exports}Then ask:

curl -i http://{ADDRESS}/public
curl -i http://{ADDRESS}/me                                                      # 401
curl -i http://{ADDRESS}/me -H "Authorization: Bearer $CAROL"                    # 200
curl -i http://{ADDRESS}/admin -H "Authorization: Bearer $ALICE"                 # 200
curl -i http://{ADDRESS}/admin -H "Authorization: Bearer $BOB"                   # 403
curl -i http://{ADDRESS}/staff -H "Authorization: Bearer $BOB"                   # 200
curl -i http://{ADDRESS}/reports -H "Authorization: Bearer $BOB"                 # 200
curl -i -X POST http://{ADDRESS}/reports -H "Authorization: Bearer $BOB"         # 403
curl -i -X DELETE http://{ADDRESS}/reports/7 -H "Authorization: Bearer $ALICE"   # 204

Documentation: http://{ADDRESS}/docs (press Authorize and paste a token)
"#,
        issuer = issuer.url()
    )
}
