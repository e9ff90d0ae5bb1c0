//! The token endpoint: a code or a client's name becomes tokens (RFC 6749 sections 4.1.3 and 4.4).

use super::audience;
use super::authorization_server::AuthorizationServer;
use super::client::client_id;
use super::grant::Grant;
use super::oauth_error::OAuthError;
use super::parameters::Parameters;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

pub(crate) async fn answer(
    State(server): State<Arc<AuthorizationServer>>,
    headers: HeaderMap,
    form: Bytes,
) -> Result<Response, OAuthError> {
    let is_form = |value: &str| value.split(';').next().is_some_and(|kind| kind.trim() == FORM);
    if !headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(is_form) {
        return Err(OAuthError::invalid_request("send the parameters as application/x-www-form-urlencoded"));
    }
    let parameters = Parameters::parse(&form)?;
    let grant_type = parameters.required("grant_type")?;
    let client_id = client_id(&headers, &parameters)?;
    let grant = match grant_type {
        "authorization_code" => redeem(&server, &client_id, &parameters)?,
        "client_credentials" => machine(&server, &client_id, &parameters)?,
        _ => {
            let supported = "`grant_type` must be authorization_code or client_credentials";
            return Err(OAuthError::new("unsupported_grant_type", supported));
        }
    };
    // Section 5.1: whoever caches a token gives it to others.
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, server.tokens(&grant).to_string()).into_response())
}

const FORM: &str = "application/x-www-form-urlencoded";

/// Sections 4.1.3 and 5.2, RFC 7636 section 4.6.
fn redeem(server: &AuthorizationServer, client_id: &str, parameters: &Parameters) -> Result<Grant, OAuthError> {
    let (code, redirect_uri) = (parameters.required("code")?, parameters.required("redirect_uri")?);
    let verifier = parameters.required("code_verifier")?;
    let audience = audience::requested(parameters)?;
    let promise = server
        .redeem_code(code)
        .ok_or_else(|| OAuthError::invalid_grant("the code is unknown, was used, or is older than a minute"))?;
    if promise.grant.client_id() != client_id {
        return Err(OAuthError::invalid_grant("the code was issued to another client"));
    }
    if promise.redirect_uri != redirect_uri {
        return Err(OAuthError::invalid_grant("`redirect_uri` is not the one that the code was sent to"));
    }
    if !promise.challenge.is_met_by(verifier) {
        return Err(OAuthError::invalid_grant("`code_verifier` does not fit the `code_challenge`"));
    }
    match audience {
        None => Ok(promise.grant),
        Some(audience) => promise
            .grant
            .narrowed(audience)
            .ok_or_else(|| OAuthError::invalid_target("the code was issued for another `resource`")),
    }
}

fn machine(server: &AuthorizationServer, client_id: &str, parameters: &Parameters) -> Result<Grant, OAuthError> {
    let audience = audience::requested(parameters)?.unwrap_or_else(|| vec![server.audience().to_owned()]);
    Ok(Grant::machine(client_id, parameters.one("scope")?, audience))
}
