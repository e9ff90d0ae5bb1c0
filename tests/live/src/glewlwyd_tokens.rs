//! Tokens of `glewlwyd` at `resource-server`: a provider of another family, whose issuer has a path.

use crate::decoded::{claims, header};
use crate::forgery::{grafted, tampered, unsigned};
use crate::glewlwyd::{ALGORITHMS, Glewlwyd, WEB_CLIENT};
use crate::report::Report;
use crate::resource_server::ResourceServer;
use crate::{API, OTHER_API, Result, verdict};
use countersign::Verifier;
use countersign::policy::TokenKind;
use countersign::providers::Oidc;
use reqwest::Method;

const NAME: &str = "glewlwyd";
const BOTH_SCOPES: &str = "reports:read reports:write";
const REFUSED: &str = "401 invalid_token";

pub(crate) async fn check(report: &mut Report) -> Result {
    let provider = Glewlwyd::start(NAME).await?;
    let server = start_server(&provider, "glewlwyd", API).await?;
    algorithms(report, &provider, &server).await?;
    requirements(report, &provider, &server).await?;
    refusals(report, &provider, &server).await?;
    user(report, &provider, &server).await
}

async fn start_server(provider: &Glewlwyd, name: &str, audience: &str) -> Result<ResourceServer> {
    let variables = [("COUNTERSIGN_ISSUER", provider.issuer()), ("COUNTERSIGN_AUDIENCE", audience)];
    ResourceServer::start(&format!("resource-server-{name}"), &variables).await
}

async fn algorithms(report: &mut Report, provider: &Glewlwyd, server: &ResourceServer) -> Result {
    for algorithm in ALGORITHMS {
        let token = provider.client_credentials(algorithm, "reports:read", Some(API)).await?;
        let header = header(&token)?;
        if header["alg"] != algorithm || header["typ"] != "at+jwt" {
            return Err(format!("asked for an access token in {algorithm}, got {header}").into());
        }
        let expected = if algorithm == "RS256" { "200 svc".to_owned() } else { format!("200 svc-{algorithm}") };
        report.check(NAME, format!("access token {algorithm}"), expected, server.me(&token).await);
    }
    Ok(())
}

async fn requirements(report: &mut Report, provider: &Glewlwyd, server: &ResourceServer) -> Result {
    let reader = provider.client_credentials("RS256", "reports:read", Some(API)).await?;
    let writer = provider.client_credentials("RS256", BOTH_SCOPES, Some(API)).await?;
    let too_little = "403 insufficient_scope (reports:read reports:write)";
    let cases = [
        ("reports:read only", &reader, Method::GET, "/reports", "200"),
        ("reports:read only", &reader, Method::POST, "/reports", too_little),
        ("both scopes", &writer, Method::POST, "/reports", "201"),
        ("both scopes", &writer, Method::GET, "/admin", "403 insufficient_scope"),
    ];
    for (what, token, method, path, expected) in cases {
        let case = format!("access token of svc, {what}, {method} {path}");
        report.check(NAME, case, expected, server.ask(method, path, Some(token)).await);
    }
    Ok(())
}

/// Tokens for other APIs, and forged tokens.
async fn refusals(report: &mut Report, provider: &Glewlwyd, server: &ResourceServer) -> Result {
    let good = provider.client_credentials("RS256", "reports:read", Some(API)).await?;
    let other = provider.client_credentials("RS256", BOTH_SCOPES, Some(API)).await?;
    let cases = [
        ("for another audience", provider.client_credentials("RS256", "reports:read", Some(OTHER_API)).await?),
        ("without resource, its scope for audience", provider.client_credentials("RS256", "reports:read", None).await?),
        ("tampered signature", tampered(&good)),
        ("with another token's signature", grafted(&good, &other)),
        ("unsigned, alg none", unsigned(&good)),
    ];
    for (what, token) in cases {
        report.check(NAME, format!("access token {what}"), REFUSED, server.me(&token).await);
    }
    Ok(())
}

/// Alice's access token is accepted. Her ID token is rejected, even if the client's id is the API's audience.
async fn user(report: &mut Report, provider: &Glewlwyd, server: &ResourceServer) -> Result {
    let alice = provider.sign_in(API, &format!("openid {BOTH_SCOPES}")).await?;
    // glewlwyd generates a subject for user and client. Both tokens have the same one.
    let claims = claims(&alice.id)?;
    let subject = claims["sub"].as_str().ok_or(format!("no sub in {claims}"))?;
    report.check(NAME, "access token of alice", format!("200 {subject}"), server.me(&alice.access).await);

    let same_audience = start_server(provider, "glewlwyd-client-audience", WEB_CLIENT).await?;
    report.check(NAME, "ID token", REFUSED, server.me(&alice.id).await);
    report.check(NAME, "ID token, its audience accepted", REFUSED, same_audience.me(&alice.id).await);

    let issuer = Oidc::issuer(provider.issuer()).kind(TokenKind::rfc9068()).audience(API);
    let verifier = Verifier::builder().issuer(issuer).build().await?;
    let expected = format!("accepted: {subject}, not in admin");
    let got = verdict::verified(&verifier, &alice.access).await;
    report.check(NAME, "access token, RFC 9068 demanded", expected, Ok(got));
    Ok(())
}
