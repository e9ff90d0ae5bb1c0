//! Short texts for verdicts, which fit a table and show any difference.

use crate::Result;
use countersign::Verifier;
use countersign::error::VerifyError;
use countersign_core::Principal;
use reqwest::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use serde_json::Value;

/// The verdict of an HTTP response: its status and further details.
///
/// - `200 alice` names the `subject` of the body, if it has one
/// - `401 no error` is a bare challenge, `401 invalid_token` one with that error
/// - `403 insufficient_scope (a b)` names the required scopes
pub(crate) async fn answered(response: reqwest::Response) -> Result<String> {
    let status = response.status();
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let challenge = header(WWW_AUTHENTICATE).to_owned();
    let problem = header(CONTENT_TYPE) == "application/problem+json";
    let body: Value = serde_json::from_slice(&response.bytes().await?).unwrap_or_default();

    let mut words = vec![status.as_u16().to_string()];
    if status.is_success() {
        words.extend(body["subject"].as_str().map(str::to_owned));
        return Ok(words.join(" "));
    }
    if !challenge.starts_with("Bearer realm=\"") {
        words.push(format!("with the challenge {challenge:?}"));
    } else if let Some(error) = parameter(&challenge, "error") {
        words.push(error.to_owned());
        words.extend(parameter(&challenge, "scope").map(|scope| format!("({scope})")));
    } else {
        words.push("no error".to_owned());
    }
    if !problem {
        words.push("and no problem+json".to_owned());
    }
    Ok(words.join(" "))
}

fn parameter<'a>(challenge: &'a str, name: &str) -> Option<&'a str> {
    let (_, value) = challenge.split_once(&format!(" {name}=\""))?;
    Some(value.split_once('"')?.0)
}

/// The verdict of a verifier in this process, with its reason.
pub(crate) async fn verified(verifier: &Verifier, token: &str) -> String {
    match verifier.verify(token).await {
        Ok(token) => {
            let principal = token.principal();
            let group = if principal.groups().contains("admin") { "in admin" } else { "not in admin" };
            format!("accepted: {}, {group}", principal.subject())
        }
        Err(VerifyError::Token(reason)) => format!("refused: {}", reason.code()),
        Err(error) => format!("no verdict: {error}"),
    }
}

/// The same, with all parts of the principal.
pub(crate) async fn described(verifier: &Verifier, token: &str) -> String {
    match verifier.verify(token).await {
        Ok(token) => format!("accepted: {}", description(token.principal())),
        Err(VerifyError::Token(reason)) => format!("refused: {}", reason.code()),
        Err(error) => format!("no verdict: {error}"),
    }
}

/// `machine svc; scopes a b; tenant t`, without empty parts.
fn description(principal: &Principal) -> String {
    let kind = if principal.is_machine() { "machine" } else { "user" };
    let mut words = format!("{kind} {}", principal.subject());
    let names = [
        ("scopes", principal.scopes()),
        ("groups", principal.groups()),
        ("roles", principal.roles()),
        ("permissions", principal.permissions()),
    ];
    for (what, names) in names {
        let names: Vec<_> = names.iter().collect();
        if !names.is_empty() {
            words.push_str(&format!("; {what} {}", names.join(" ")));
        }
    }
    if let Some(tenant) = principal.tenant() {
        words.push_str(&format!("; tenant {tenant}"));
    }
    words
}
