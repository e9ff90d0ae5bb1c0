//! Key addresses in a discovery document over https.

use crate::report::Report;
use crate::shapes::Shapes;
use crate::{API, Result};
use countersign::Verifier;
use countersign::providers::Oidc;

const NAME: &str = "oidc-provider (misleading discovery)";

pub(super) async fn check(report: &mut Report, shapes: &Shapes) -> Result {
    for (name, case, expected) in [
        ("honest", "`jwks_uri` on the issuer's host", "ready"),
        ("http", "`jwks_uri` is http", "`jwks_uri` is refused: must be https"),
        ("http-on-loopback", "`jwks_uri` is http on loopback", "`jwks_uri` is http, but the issuer is https"),
        ("loopback", "`jwks_uri` leads to loopback", "`jwks_uri` leads to this machine, but the issuer is elsewhere"),
    ] {
        let issuer = Oidc::issuer(format!("https://op.example.test/{name}")).audience(API);
        let verifier = Verifier::builder().issuer(issuer.http_client(shapes.http_client())).build().await?;
        let keys = verifier.keys().next().ok_or("a verifier without issuers")?;
        // The text before the reason.
        let got =
            keys.last_failure().unwrap_or("ready").split(": keys that come").next().unwrap_or_default().to_owned();
        report.check(NAME, case, expected, Ok(got));
    }
    Ok(())
}
