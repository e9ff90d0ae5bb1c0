//! The authorization endpoint: a page, and back with a code (RFC 6749 section 4.1, OpenID Connect Core section 3.1.2).

use super::audience;
use super::authorization_code::Promise;
use super::authorization_server::AuthorizationServer;
use super::grant::Grant;
use super::login_page;
use super::oauth_error::OAuthError;
use super::parameters::Parameters;
use super::persona::Persona;
use super::pkce::CodeChallenge;
use super::redirect_uri::RedirectUri;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use std::sync::Arc;

/// Shows the page. A link chooses nobody: any page can lead its reader here.
pub(crate) async fn show(State(server): State<Arc<AuthorizationServer>>, RawQuery(query): RawQuery) -> Response {
    let parameters = Parameters::parse(query.unwrap_or_default().as_bytes());
    answer(&server, parameters.map(|parameters| parameters.without("persona")))
}

/// Takes the choice. The form brings the whole request along, and it is judged again, so that nothing is kept meanwhile.
pub(crate) async fn choose(State(server): State<Arc<AuthorizationServer>>, form: Bytes) -> Response {
    answer(&server, Parameters::parse(&form))
}

fn answer(server: &AuthorizationServer, parameters: Result<Parameters, OAuthError>) -> Response {
    let parameters = match parameters {
        Ok(parameters) => parameters,
        Err(error) => return login_page::refusal(&error.description),
    };
    let way_back = match WayBack::of(&parameters, server.issuer()) {
        Ok(way_back) => way_back,
        Err(error) => return login_page::refusal(&error.description),
    };
    let outcome = AuthorizationRequest::read(&parameters, &way_back, server.audience()).and_then(|request| {
        if parameters.one("deny")?.is_some() {
            return Err(OAuthError::new("access_denied", "nobody logged in"));
        }
        Ok((parameters.one("persona")?, request))
    });
    match outcome {
        Err(error) => way_back.with([("error", error.code), ("error_description", &error.description)]),
        Ok((None, request)) => login_page::choice(&request, &parameters, server.personas()),
        Ok((Some(name), request)) => match server.persona(name) {
            Some(persona) => way_back.with([("code", server.issue_code(request.promise(persona)).as_str())]),
            None => login_page::refusal("there is no such persona here"),
        },
    }
}

/// Where the answer goes, known before anything else: who cannot be sent back gets a page (section 4.1.2.1).
struct WayBack {
    redirect_uri: RedirectUri,
    state: Option<String>,
    issuer: String,
}

impl WayBack {
    fn of(parameters: &Parameters, issuer: &str) -> Result<Self, OAuthError> {
        let written = parameters.required("redirect_uri")?;
        let redirect_uri = RedirectUri::parse(written).ok_or_else(|| {
            OAuthError::invalid_request(
                "`redirect_uri` must be on this machine (127.0.0.1, [::1] or localhost), without fragment",
            )
        })?;
        let state = parameters.one("state")?.map(str::to_owned);
        Ok(Self { redirect_uri, state, issuer: issuer.to_owned() })
    }

    /// 303, so that the browser does not post the form again (RFC 9700 section 4.12); with `iss` (RFC 9207).
    fn with<'v>(&'v self, parameters: impl IntoIterator<Item = (&'v str, &'v str)>) -> Response {
        let more = [self.state.as_deref().map(|state| ("state", state)), Some(("iss", self.issuer.as_str()))];
        let url = self.redirect_uri.with(parameters.into_iter().chain(more.into_iter().flatten()));
        Redirect::to(url.as_str()).into_response()
    }
}

/// A request that a persona may answer.
pub(crate) struct AuthorizationRequest {
    client_id: String,
    redirect_uri: RedirectUri,
    scope: Option<String>,
    audience: Vec<String>,
    nonce: Option<String>,
    challenge: CodeChallenge,
}

impl AuthorizationRequest {
    fn read(parameters: &Parameters, way_back: &WayBack, default_audience: &str) -> Result<Self, OAuthError> {
        if parameters.required("response_type")? != "code" {
            return Err(OAuthError::new("unsupported_response_type", "`response_type` must be code"));
        }
        if parameters.one("response_mode")?.is_some_and(|mode| mode != "query") {
            return Err(OAuthError::invalid_request("`response_mode` must be query"));
        }
        // OpenID Connect Core section 3.1.2.6: nobody is ever logged in here.
        if parameters.one("prompt")? == Some("none") {
            return Err(OAuthError::new("login_required", "somebody has to choose a persona"));
        }
        Ok(Self {
            client_id: parameters.required("client_id")?.to_owned(),
            redirect_uri: way_back.redirect_uri.clone(),
            scope: parameters.one("scope")?.map(str::to_owned),
            audience: audience::requested(parameters)?.unwrap_or_else(|| vec![default_audience.to_owned()]),
            nonce: parameters.one("nonce")?.map(str::to_owned),
            challenge: CodeChallenge::of(parameters)?,
        })
    }

    fn promise(self, persona: Arc<Persona>) -> Promise {
        Promise {
            grant: Grant::user(&self.client_id, persona, self.scope.as_deref(), self.audience, self.nonce),
            redirect_uri: self.redirect_uri.written().to_owned(),
            challenge: self.challenge,
        }
    }

    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    pub(crate) fn redirect_uri(&self) -> &RedirectUri {
        &self.redirect_uri
    }

    pub(crate) fn audience(&self) -> &[String] {
        &self.audience
    }
}
