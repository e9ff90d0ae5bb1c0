//! The handler of the token endpoint.

use super::access_token::access_token;
use super::client::client_id;
use super::id_token::id_token;
use crate::authorization::Authorization;
use crate::oauth::{OAuthError, Parameters, requested_audience};
use crate::server_state::ServerState;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use countersign_testing::IssuerHandle;
use serde_json::{Value, json};

const FORM: &str = "application/x-www-form-urlencoded";

/// Issues tokens for an authorization code or for a client.
pub(crate) async fn endpoint(
    State((state, issuer)): State<(ServerState, IssuerHandle)>,
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
    let authorization = match grant_type {
        "authorization_code" => redeem_code(&state, &client_id, &parameters)?,
        "client_credentials" => authorize_client(&state, &client_id, &parameters)?,
        _ => {
            let supported = "`grant_type` must be authorization_code or client_credentials";
            return Err(OAuthError::new("unsupported_grant_type", supported));
        }
    };
    // RFC 6749 section 5.1: no cache may store tokens.
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, token_response(&state, &issuer, &authorization).to_string()).into_response())
}

/// Checks an authorization code against its request (RFC 6749 section 4.1.3, RFC 7636 section 4.6).
fn redeem_code(state: &ServerState, client_id: &str, parameters: &Parameters) -> Result<Authorization, OAuthError> {
    let (code, redirect_uri) = (parameters.required("code")?, parameters.required("redirect_uri")?);
    let code_verifier = parameters.required("code_verifier")?;
    let audience = requested_audience(parameters)?;
    let code = state
        .redeem_code(code)
        .ok_or_else(|| OAuthError::invalid_grant("the code is unknown, already used, or older than a minute"))?;
    if code.authorization.client_id() != client_id {
        return Err(OAuthError::invalid_grant("the code was issued to another client"));
    }
    if code.redirect_uri != redirect_uri {
        return Err(OAuthError::invalid_grant("`redirect_uri` differs from that of the authorization request"));
    }
    if !code.code_challenge.matches(code_verifier) {
        return Err(OAuthError::invalid_grant("`code_verifier` does not match the `code_challenge`"));
    }
    match audience {
        None => Ok(code.authorization),
        Some(audience) => code
            .authorization
            .restricted_to(audience)
            .ok_or_else(|| OAuthError::invalid_target("the code was issued for another `resource`")),
    }
}

/// Authorizes the client for itself (RFC 6749 section 4.4.2).
fn authorize_client(
    state: &ServerState,
    client_id: &str,
    parameters: &Parameters,
) -> Result<Authorization, OAuthError> {
    let audience = requested_audience(parameters)?.unwrap_or_else(|| vec![state.audience().to_owned()]);
    Ok(Authorization::of_client(client_id, parameters.optional("scope")?, audience))
}

/// Issues the tokens of an authorization, in the form of RFC 6749 section 5.1.
fn token_response(state: &ServerState, issuer: &IssuerHandle, authorization: &Authorization) -> Value {
    let access_token = access_token(authorization, issuer, state.lifetime());
    let expires_in = access_token.lifetime().as_secs();
    let access_token = access_token.mint();
    let mut response = json!({
        "token_type": "Bearer",
        "expires_in": expires_in,
        "scope": authorization.scope(),
    });
    if let Some(id_token) = id_token(authorization, issuer, state.lifetime(), &access_token) {
        response["id_token"] = id_token.mint().into();
    }
    response["access_token"] = access_token.into();
    response
}
