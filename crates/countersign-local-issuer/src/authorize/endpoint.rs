//! The handlers of the authorization endpoint.

use super::authorization_request::AuthorizationRequest;
use super::login_page;
use super::redirect_uri::RedirectUri;
use crate::oauth::{OAuthError, Parameters};
use crate::server_state::ServerState;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use countersign_testing::IssuerHandle;

/// Shows the login page. A link never chooses a persona, since any web page can link here.
pub(crate) async fn show(
    State((state, issuer)): State<(ServerState, IssuerHandle)>,
    RawQuery(query): RawQuery,
) -> Response {
    let parameters = Parameters::parse(query.unwrap_or_default().as_bytes());
    respond(&state, issuer.url(), parameters.map(|parameters| parameters.without("persona")))
}

/// Takes the choice from the form. The form contains the whole request, which is checked again. The server therefore
/// stores nothing between the two.
pub(crate) async fn choose(State((state, issuer)): State<(ServerState, IssuerHandle)>, form: Bytes) -> Response {
    respond(&state, issuer.url(), Parameters::parse(&form))
}

fn respond(state: &ServerState, issuer: &str, parameters: Result<Parameters, OAuthError>) -> Response {
    // RFC 6749 section 4.1.2.1: without a valid redirect URI there is no redirect, only a page.
    let parameters = match parameters {
        Ok(parameters) => parameters,
        Err(error) => return login_page::refusal(&error.description),
    };
    let client = match AuthorizationResponse::read(&parameters, issuer) {
        Ok(client) => client,
        Err(error) => return login_page::refusal(&error.description),
    };
    let outcome = AuthorizationRequest::read(&parameters, &client.redirect_uri, state.audience()).and_then(|request| {
        if parameters.optional("deny")?.is_some() {
            return Err(OAuthError::new("access_denied", "the user refused to log in"));
        }
        Ok((parameters.optional("persona")?, request))
    });
    match outcome {
        Err(error) => client.redirect([("error", error.code), ("error_description", &error.description)]),
        Ok((None, request)) => login_page::choice(&request, &parameters, state.personas()),
        Ok((Some(name), request)) => match state.persona(name) {
            Some(persona) => client.redirect([("code", state.issue_code(request.authorize(persona)).as_str())]),
            None => login_page::refusal("there is no persona of this name"),
        },
    }
}

/// The part of an authorization response that every response has: the redirect URI, `state` and `iss`.
struct AuthorizationResponse {
    redirect_uri: RedirectUri,
    state: Option<String>,
    issuer: String,
}

impl AuthorizationResponse {
    fn read(parameters: &Parameters, issuer: &str) -> Result<Self, OAuthError> {
        let redirect_uri = RedirectUri::parse(parameters.required("redirect_uri")?).ok_or_else(|| {
            OAuthError::invalid_request(
                "`redirect_uri` must be on this machine (127.0.0.1, [::1] or localhost), without fragment",
            )
        })?;
        let state = parameters.optional("state")?.map(str::to_owned);
        Ok(Self { redirect_uri, state, issuer: issuer.to_owned() })
    }

    /// Redirects with status 303, so that the browser does not post the form again (RFC 9700 section 4.12). Adds `iss`
    /// (RFC 9207).
    fn redirect<'v>(&'v self, parameters: impl IntoIterator<Item = (&'v str, &'v str)>) -> Response {
        let common = [self.state.as_deref().map(|state| ("state", state)), Some(("iss", self.issuer.as_str()))];
        let url = self.redirect_uri.with(parameters.into_iter().chain(common.into_iter().flatten()));
        Redirect::to(url.as_str()).into_response()
    }
}
