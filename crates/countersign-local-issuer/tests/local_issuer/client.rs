//! A client without a browser, and a verifier that trusts the issuer.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_core::{VerifiedToken, Verifier, VerifyError};
use countersign_local_issuer::{LocalIssuer, Persona};
use countersign_providers::Oidc;
use reqwest::redirect::Policy;
use reqwest::{Response, Url};
use serde_json::Value;
use std::collections::HashMap;
use std::time::Duration;

pub(crate) const API: &str = "https://api.example.com";
pub(crate) const CALLBACK: &str = "http://127.0.0.1:3000/callback";
/// RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) type Form = Vec<(&'static str, String)>;

pub(crate) struct Client {
    pub(crate) issuer: LocalIssuer,
    pub(crate) verifier: Verifier,
    pub(crate) http: reqwest::Client,
}

impl Client {
    pub(crate) async fn start() -> Self {
        Self::start_with(Persona::examples()).await
    }

    pub(crate) async fn start_with(personas: Vec<Persona>) -> Self {
        let issuer = LocalIssuer::builder(API).personas(personas).start().await.unwrap();
        let provider = Oidc::issuer(issuer.url()).audience(API);
        let verifier = Verifier::builder().issuer(provider).build().await.unwrap();
        let http = reqwest::Client::builder().redirect(Policy::none()).timeout(Duration::from_secs(60));
        Self { issuer, verifier, http: http.no_proxy().build().unwrap() }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer.url())
    }

    pub(crate) async fn discovered(&self) -> Value {
        self.http.get(self.url("/.well-known/openid-configuration")).send().await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn show(&self, request: &Form) -> Response {
        let url = Url::parse_with_params(&self.url("/authorize"), request).unwrap();
        self.http.get(url).send().await.unwrap()
    }

    pub(crate) async fn choose(&self, request: &Form) -> Response {
        self.http.post(self.url("/authorize")).form(request).send().await.unwrap()
    }

    /// Logs this persona in, and returns the authorization code.
    pub(crate) async fn code(&self, persona: &str, request: Form) -> String {
        let response = self.choose(&with(request, "persona", persona)).await;
        assert_eq!(response.status(), 303);
        sent_back(&response).remove("code").unwrap()
    }

    pub(crate) async fn ask(&self, form: &Form) -> (u16, Value) {
        let response = self.http.post(self.url("/token")).form(form).send().await.unwrap();
        assert_eq!(response.headers()["cache-control"], "no-store");
        (response.status().as_u16(), response.json().await.unwrap())
    }

    pub(crate) async fn verify(&self, tokens: &Value) -> Result<VerifiedToken, VerifyError> {
        self.verifier.verify(tokens["access_token"].as_str().unwrap()).await
    }
}

/// An authorization request such as Swagger UI's.
pub(crate) fn authorization() -> Form {
    [
        ("response_type", "code"),
        ("client_id", "docs"),
        ("redirect_uri", CALLBACK),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec()
}

/// A token request with this code.
pub(crate) fn redemption(code: &str) -> Form {
    [
        ("grant_type", "authorization_code"),
        ("client_id", "docs"),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
        ("code", code),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec()
}

/// Sets a parameter. An empty value removes it.
pub(crate) fn with(mut form: Form, name: &'static str, value: &str) -> Form {
    form.retain(|(other, _)| *other != name);
    if !value.is_empty() {
        form.push((name, value.to_owned()));
    }
    form
}

/// The parameters of the redirect back to the client.
#[track_caller]
pub(crate) fn sent_back(response: &Response) -> HashMap<String, String> {
    let location = response.headers().get("location").expect("the answer is a redirect").to_str().unwrap();
    assert!(location.starts_with(CALLBACK), "{location}");
    Url::parse(location).unwrap().query_pairs().into_owned().collect()
}

/// The claims of a token, not verified.
pub(crate) fn claims(token: &Value) -> Value {
    let payload = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}
