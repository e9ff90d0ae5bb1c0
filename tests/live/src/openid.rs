//! Tokens of npm `oidc-provider` at `resource-server`.

use crate::decoded::{claims, header};
use crate::forgery::{grafted, tampered, unsigned};
use crate::oidc_provider::{OidcProvider, WEB_CLIENT};
use crate::process::settles;
use crate::report::Report;
use crate::resource_server::ResourceServer;
use crate::{API, OTHER_API, Result, verdict};
use countersign::Verifier;
use countersign::policy::TokenKind;
use countersign::providers::Oidc;
use reqwest::Method;
use std::time::{SystemTime, UNIX_EPOCH};

const NAME: &str = "oidc-provider";
const ALGORITHMS: [&str; 6] = ["RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"];
const BOTH_SCOPES: &str = "reports:read reports:write";
const REFUSED: &str = "401 invalid_token";

pub(crate) async fn check(report: &mut Report) -> Result {
    let provider = OidcProvider::start(NAME).await?;
    let server =
        start_server(&provider, "every-algorithm", &[("COUNTERSIGN_ALGORITHMS", &ALGORITHMS.join(","))]).await?;

    no_token(report, &server).await;
    algorithms(report, &provider, &server).await?;
    requirements(report, &provider, &server).await?;
    refusals(report, &provider, &server).await?;
    id_tokens(report, &provider, &server).await?;
    expiry(report, &provider, &server).await
}

/// A `resource-server` for this provider. Later variables replace earlier ones.
async fn start_server(provider: &OidcProvider, name: &str, variables: &[(&str, &str)]) -> Result<ResourceServer> {
    let common = [("COUNTERSIGN_ISSUER", provider.issuer()), ("COUNTERSIGN_AUDIENCE", API)];
    ResourceServer::start(&format!("resource-server-{name}"), &[&common, variables].concat()).await
}

async fn no_token(report: &mut Report, server: &ResourceServer) {
    let cases = [
        ("/me", "401 no error"),
        ("/admin", "401 no error"),
        ("/optional", "200"),
        ("/public", "200"),
        ("/livez", "200"),
        ("/openapi.json", "200"),
        ("/docs/", "200"),
    ];
    for (path, expected) in cases {
        report.check(NAME, format!("none, GET {path}"), expected, server.ask(Method::GET, path, None).await);
    }
}

async fn algorithms(report: &mut Report, provider: &OidcProvider, server: &ResourceServer) -> Result {
    let default = start_server(provider, "default-algorithms", &[]).await?;
    for algorithm in ALGORITHMS {
        let token = provider.client_credentials(&format!("{API}?alg={algorithm}"), "reports:read").await?;
        let header = header(&token)?;
        if header["alg"] != algorithm || header["typ"] != "at+jwt" {
            return Err(format!("asked for an access token in {algorithm}, got {header}").into());
        }
        report.check(NAME, format!("access token {algorithm}"), "200 svc", server.me(&token).await);
        let expected = if ["RS256", "ES256", "EdDSA"].contains(&algorithm) { "200 svc" } else { REFUSED };
        report.check(NAME, format!("access token {algorithm}, default algorithms"), expected, default.me(&token).await);
    }
    Ok(())
}

/// Verdicts for valid tokens: alice is in the group admin, and svc is a machine without groups.
async fn requirements(report: &mut Report, provider: &OidcProvider, server: &ResourceServer) -> Result {
    let alice = provider.sign_in("alice", API, &format!("openid {BOTH_SCOPES}"), Some("n")).await?.access;
    let bob = provider.sign_in("bob", API, "openid reports:read", Some("n")).await?.access;
    let svc = provider.client_credentials(API, BOTH_SCOPES).await?;
    let reader = provider.client_credentials(API, "reports:read").await?;
    let cases = [
        ("alice, in admin", &alice, Method::GET, "/me", "200 alice"),
        ("alice, in admin", &alice, Method::GET, "/optional", "200 alice"),
        ("alice, in admin", &alice, Method::GET, "/admin", "200"),
        ("alice, in admin", &alice, Method::GET, "/staff", "200"),
        ("alice, in admin, both scopes", &alice, Method::DELETE, "/reports/1", "204"),
        ("bob, in manager", &bob, Method::GET, "/admin", "403 insufficient_scope"),
        ("bob, in manager", &bob, Method::GET, "/staff", "200"),
        ("svc, in no group", &svc, Method::GET, "/admin", "403 insufficient_scope"),
        ("svc, in no group", &svc, Method::GET, "/staff", "403 insufficient_scope"),
        ("svc, both scopes", &svc, Method::GET, "/reports", "200"),
        ("svc, both scopes", &svc, Method::POST, "/reports", "201"),
        ("svc, both scopes", &svc, Method::DELETE, "/reports/1", "403 insufficient_scope (reports:write)"),
        ("svc, reports:read only", &reader, Method::GET, "/reports", "200"),
        (
            "svc, reports:read only",
            &reader,
            Method::POST,
            "/reports",
            "403 insufficient_scope (reports:read reports:write)",
        ),
    ];
    for (who, token, method, path, expected) in cases {
        let case = format!("access token of {who}, {method} {path}");
        report.check(NAME, case, expected, server.ask(method, path, Some(token)).await);
    }
    Ok(())
}

/// Tokens for other APIs, and forged tokens.
async fn refusals(report: &mut Report, provider: &OidcProvider, server: &ResourceServer) -> Result {
    let good = provider.client_credentials(API, "reports:read").await?;
    let other = provider.client_credentials(API, BOTH_SCOPES).await?;
    let cases = [
        ("for another audience", provider.client_credentials(OTHER_API, "reports:read").await?),
        ("tampered signature", tampered(&good)),
        ("with another token's signature", grafted(&good, &other)),
        ("unsigned, alg none", unsigned(&good)),
        ("opaque", provider.client_credentials(&format!("{API}?format=opaque"), "reports:read").await?),
    ];
    for (what, token) in cases {
        report.check(NAME, format!("access token {what}"), REFUSED, server.me(&token).await);
        let optional = server.ask(Method::GET, "/optional", Some(&token)).await;
        report.check(NAME, format!("access token {what}, GET /optional"), REFUSED, optional);
    }
    Ok(())
}

/// ID tokens identify the user to the client. An API rejects them, even if its audience is the client's id.
async fn id_tokens(report: &mut Report, provider: &OidcProvider, server: &ResourceServer) -> Result {
    let same_audience = start_server(provider, "client-audience", &[("COUNTERSIGN_AUDIENCE", WEB_CLIENT)]).await?;
    let id = provider.sign_in("alice", API, "openid", Some("n")).await?.id;
    report.check(NAME, "ID token", REFUSED, server.me(&id).await);
    report.check(NAME, "ID token, its audience accepted", REFUSED, same_audience.me(&id).await);

    // Without a nonce, this provider's ID token has no mark. RFC 9068 distinguishes it, since its `typ` is not `at+jwt`.
    let plain = provider.sign_in("alice", API, "openid", None).await?;
    report.check(NAME, "ID token without nonce", REFUSED, server.me(&plain.id).await);
    let issuer = Oidc::issuer(provider.issuer()).kind(TokenKind::rfc9068());
    let verifier = Verifier::builder().issuer(issuer.audience(WEB_CLIENT).audience(API)).build().await?;
    let case = "ID token without nonce, its audience accepted, RFC 9068 demanded";
    report.check(NAME, case, "refused: type_not_accepted", Ok(verdict::verified(&verifier, &plain.id).await));
    let case = "access token, RFC 9068 demanded";
    report.check(NAME, case, "accepted: alice, in admin", Ok(verdict::verified(&verifier, &plain.access).await));
    Ok(())
}

/// A token is valid until it expires, plus the leeway.
async fn expiry(report: &mut Report, provider: &OidcProvider, lenient: &ResourceServer) -> Result {
    let strict = start_server(provider, "no-leeway", &[("COUNTERSIGN_LEEWAY", "0")]).await?;
    let (token, young) = young(provider, &strict).await?;
    report.check(NAME, "access token of a few seconds", "200 svc", young);
    let expired = settles(REFUSED, async || strict.me(&token).await).await;
    report.check(NAME, "access token of a few seconds, when expired", REFUSED, expired);
    report.check(NAME, "the same, leeway 30 s", "200 svc", lenient.me(&token).await);
    Ok(())
}

/// A token that expires soon, and the verdict before its expiry. A busy machine may need a longer lifetime.
async fn young(provider: &OidcProvider, server: &ResourceServer) -> Result<(String, Result<String>)> {
    for lifetime in [2, 4, 8, 16, 32, 64] {
        let token = provider.client_credentials(&format!("{API}?ttl={lifetime}"), "reports:read").await?;
        let expires = claims(&token)?["exp"].as_u64().ok_or("no exp in a token")?;
        let verdict = server.me(&token).await;
        if SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() < expires {
            return Ok((token, verdict));
        }
    }
    Err("each token had expired before there was a verdict".into())
}
