//! The authorization request of a client.

use super::redirect_uri::RedirectUri;
use crate::authorization::Authorization;
use crate::authorization_code::AuthorizationCode;
use crate::oauth::{CodeChallenge, OAuthError, Parameters, requested_audience};
use crate::persona::Persona;
use std::sync::Arc;

/// A valid authorization request. It waits for the choice of a persona.
pub(crate) struct AuthorizationRequest {
    client_id: String,
    redirect_uri: RedirectUri,
    scope: Option<String>,
    audience: Vec<String>,
    nonce: Option<String>,
    code_challenge: CodeChallenge,
}

impl AuthorizationRequest {
    /// Reads and checks the parameters, other than `redirect_uri`, which the endpoint has checked.
    pub(crate) fn read(
        parameters: &Parameters,
        redirect_uri: &RedirectUri,
        default_audience: &str,
    ) -> Result<Self, OAuthError> {
        if parameters.required("response_type")? != "code" {
            return Err(OAuthError::new("unsupported_response_type", "`response_type` must be code"));
        }
        if parameters.optional("response_mode")?.is_some_and(|mode| mode != "query") {
            return Err(OAuthError::invalid_request("`response_mode` must be query"));
        }
        // OpenID Connect Core section 3.1.2.6: there are no sessions, so every login needs the page.
        if parameters.optional("prompt")? == Some("none") {
            return Err(OAuthError::new("login_required", "a user has to choose a persona"));
        }
        Ok(Self {
            client_id: parameters.required("client_id")?.to_owned(),
            redirect_uri: redirect_uri.clone(),
            scope: parameters.optional("scope")?.map(str::to_owned),
            audience: requested_audience(parameters)?.unwrap_or_else(|| vec![default_audience.to_owned()]),
            nonce: parameters.optional("nonce")?.map(str::to_owned),
            code_challenge: CodeChallenge::read(parameters)?,
        })
    }

    /// Binds an authorization code to this request and the chosen persona.
    pub(crate) fn authorize(self, persona: Arc<Persona>) -> AuthorizationCode {
        let authorization =
            Authorization::of_persona(&self.client_id, persona, self.scope.as_deref(), self.audience, self.nonce);
        AuthorizationCode {
            authorization,
            redirect_uri: self.redirect_uri.as_written().to_owned(),
            code_challenge: self.code_challenge,
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
