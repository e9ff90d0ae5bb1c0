//! A client of an OpenID provider, which gets tokens at the endpoints in its discovery document.

use crate::browser::authorization_code;
use crate::{API, Result};
use reqwest::{Client, Url};
use serde_json::Value;

pub(crate) const REDIRECT: &str = "http://127.0.0.1/callback";

// The example pair of RFC 7636, appendix B. A constant is safe on loopback.
pub(crate) const CODE_VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CODE_CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) struct RelyingParty {
    http: Client,
    authorize: Url,
    token: Url,
}

/// The tokens of a user's sign-in.
#[derive(Clone)]
pub(crate) struct SignIn {
    pub(crate) access: String,
    pub(crate) id: String,
}

/// The parameters of a sign-in.
#[derive(Clone, Copy)]
pub(crate) struct SignInRequest<'a> {
    /// The client, and its secret unless it is a public one.
    pub(crate) client: &'a str,
    pub(crate) secret: Option<&'a str>,
    /// The name of the user on the provider's pages.
    pub(crate) user: &'a str,
    pub(crate) scope: &'a str,
    pub(crate) resource: Option<&'a str>,
    pub(crate) nonce: Option<&'a str>,
}

impl Default for SignInRequest<'_> {
    /// Alice at the public client `web`, for the API.
    fn default() -> Self {
        let (user, scope) = ("alice", "openid reports:read");
        SignInRequest { client: "web", secret: None, user, scope, resource: Some(API), nonce: Some("n") }
    }
}

impl RelyingParty {
    /// Reads the discovery document of this issuer.
    pub(crate) async fn discover(http: &Client, under: &str) -> Result<Self> {
        let document = format!("{}/.well-known/openid-configuration", under.trim_end_matches('/'));
        let response = http.get(&document).send().await?.error_for_status()?;
        let metadata: Value = response.json().await?;
        let endpoint = |name: &str| {
            let url = metadata[name].as_str().ok_or(format!("no {name} in {metadata}"))?;
            Ok::<_, crate::Error>(Url::parse(url)?)
        };
        let (authorize, token) = (endpoint("authorization_endpoint")?, endpoint("token_endpoint")?);
        Ok(RelyingParty { http: http.clone(), authorize, token })
    }

    /// A user's tokens by authorization code and PKCE, through the provider's own pages.
    pub(crate) async fn sign_in(&self, request: SignInRequest<'_>) -> Result<SignIn> {
        let mut start = self.authorize.clone();
        start.query_pairs_mut().extend_pairs([
            ("client_id", request.client),
            ("response_type", "code"),
            ("redirect_uri", REDIRECT),
            ("scope", request.scope),
            ("code_challenge", CODE_CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        let optional = [("resource", request.resource), ("nonce", request.nonce)];
        start.query_pairs_mut().extend_pairs(optional.iter().filter_map(|(name, value)| Some((*name, (*value)?))));
        let code = authorization_code(&self.http, start, request.user, REDIRECT).await?;

        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("client_id", request.client),
            ("redirect_uri", REDIRECT),
            ("code_verifier", CODE_VERIFIER),
            ("code", &code),
        ];
        form.extend(request.secret.map(|secret| ("client_secret", secret)));
        let tokens: Value = self.http.post(self.token.clone()).form(&form).send().await?.json().await?;
        Ok(SignIn { access: member(&tokens, "access_token")?, id: member(&tokens, "id_token")? })
    }

    /// A machine's access token by the client credentials grant.
    pub(crate) async fn client_credentials(&self, client: &str, secret: &str, form: &[(&str, &str)]) -> Result<String> {
        let form = [&[("grant_type", "client_credentials")], form].concat();
        let request = self.http.post(self.token.clone()).basic_auth(client, Some(secret)).form(&form);
        member(&request.send().await?.json().await?, "access_token")
    }
}

pub(crate) fn member(tokens: &Value, name: &str) -> Result<String> {
    Ok(tokens[name].as_str().ok_or(format!("no {name} in {tokens}"))?.to_owned())
}
