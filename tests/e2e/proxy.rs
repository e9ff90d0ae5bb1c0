//! Key fetches ignore proxy settings of the environment.

use countersign::Verifier;
use countersign::providers::Oidc;
use countersign_testing::TestIssuer;
use std::net::TcpListener;
use std::process::Command;

const CHILD: &str = "COUNTERSIGN_TEST_CHILD";

/// Runs in a separate process, since the environment belongs to the process.
#[tokio::test]
async fn child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let issuer = TestIssuer::start().await.unwrap();
    for url in [issuer.url().to_owned(), issuer.url().replace("127.0.0.1", "localhost")] {
        // The other host name makes it another issuer. A fetch of its keys shows that no proxy was used.
        let provider = Oidc::issuer(issuer.url()).jwks_url(format!("{url}/jwks")).audience("api");
        let verifier = Verifier::builder().issuer(provider).build().await.unwrap();
        verifier.verify(&issuer.token("alice").audience("api").mint()).await.unwrap();
    }
}

#[test]
fn keys_from_loopback_never_come_by_way_of_a_proxy() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "child"]).env(CHILD, "1");
    for variable in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        child.env(variable, &address);
    }
    let output = child.env_remove("NO_PROXY").env_remove("no_proxy").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(proxy.accept().is_err(), "somebody came to the proxy");
}
