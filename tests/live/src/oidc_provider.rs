//! npm `oidc-provider`, configured by `oidc-provider/server.mjs`, and how to get tokens out of it.

use crate::process::Process;
use crate::resource_server::http_client;
use crate::rotation::OldKeys;
use crate::{Result, cache};
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Response, Url};
use serde_json::Value;
use std::collections::BTreeMap;
use tokio::process::Command;

/// The public client of the code flow, and the audience of its ID tokens.
pub(crate) const WEB_CLIENT: &str = "web";
const REDIRECT: &str = "http://127.0.0.1/callback";

// The example pair of RFC 7636, Appendix B: PKCE is done for real, but nobody listens in on loopback.
const CODE_VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CODE_CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) struct OidcProvider {
    _process: Process,
    issuer: String,
    http: Client,
}

/// What a user's sign-in at the web client brings.
pub(crate) struct SignIn {
    pub(crate) access: String,
    pub(crate) id: String,
}

impl OidcProvider {
    pub(crate) async fn start(log: &str) -> Result<Self> {
        let home = cache().join("oidc-provider");
        let mut process = Process::spawn(log, Command::new("node").arg("server.mjs").current_dir(home))?;
        let log = process.log();
        let issuer = process
            .ready(async || {
                let log = std::fs::read_to_string(&log).ok()?;
                let ready: Value = log.lines().find_map(|line| serde_json::from_str(line).ok())?;
                Some(ready["issuer"].as_str()?.to_owned())
            })
            .await?;
        Ok(OidcProvider { _process: process, issuer, http: http_client()? })
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// A machine's access token; the resource says for whom and how it is signed.
    pub(crate) async fn client_credentials(&self, resource: &str, scope: &str) -> Result<String> {
        let form = [("grant_type", "client_credentials"), ("resource", resource), ("scope", scope)];
        let request = self.http.post(format!("{}/token", self.issuer)).basic_auth("svc", Some("svc-secret"));
        member(request.form(&form).send().await?, "access_token").await
    }

    /// A user's tokens by authorization code and PKCE, through the provider's sign-in and consent pages.
    pub(crate) async fn sign_in(&self, user: &str, resource: &str, scope: &str, nonce: Option<&str>) -> Result<SignIn> {
        let mut query = vec![
            ("client_id", WEB_CLIENT),
            ("response_type", "code"),
            ("redirect_uri", REDIRECT),
            ("scope", scope),
            ("resource", resource),
            ("code_challenge", CODE_CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        query.extend(nonce.map(|nonce| ("nonce", nonce)));
        let start = Url::parse_with_params(&format!("{}/auth", self.issuer), query)?;
        let code = self.authorization_code(start, user).await?;

        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", WEB_CLIENT),
            ("redirect_uri", REDIRECT),
            ("code_verifier", CODE_VERIFIER),
            ("code", &code),
        ];
        let response = self.http.post(format!("{}/token", self.issuer)).form(&form).send().await?;
        let tokens: Value = response.json().await?;
        let token = |name: &str| tokens[name].as_str().map(str::to_owned).ok_or(format!("no {name} in {tokens}"));
        Ok(SignIn { access: token("access_token")?, id: token("id_token")? })
    }

    /// From now on another key signs what is signed with this algorithm.
    pub(crate) async fn rotate_keys(&self, alg: &str, old: OldKeys) -> Result {
        let keep = if old == OldKeys::Kept { "1" } else { "0" };
        let url = Url::parse_with_params(&format!("{}/__admin/rotate", self.issuer), [("alg", alg), ("keep", keep)])?;
        self.http.post(url).send().await?.error_for_status()?;
        Ok(())
    }

    /// How often the key set was fetched since the start.
    pub(crate) async fn key_fetches(&self) -> Result<u64> {
        let count: Value = self.http.get(format!("{}/__admin/key-fetches", self.issuer)).send().await?.json().await?;
        Ok(count.as_u64().ok_or(format!("no count but {count}"))?)
    }

    /// Plays the browser: follows redirects, keeps cookies, fills in the forms, until sent back to the client.
    async fn authorization_code(&self, start: Url, user: &str) -> Result<String> {
        let mut cookies = BTreeMap::new();
        let mut url = start;
        let mut form: Option<Vec<(&str, &str)>> = None;
        for _step in 0..10 {
            let request = match form.take() {
                Some(form) => self.http.post(url.clone()).form(&form),
                None => self.http.get(url.clone()),
            };
            let response = request.header(COOKIE, cookie_header(&cookies)).send().await?;
            remember(&mut cookies, &response);
            if let Some(location) = response.headers().get(LOCATION) {
                url = url.join(location.to_str()?)?;
                if url.as_str().starts_with(REDIRECT) {
                    let code = url.query_pairs().find(|(name, _)| name == "code");
                    return Ok(code.ok_or(format!("sent back without a code: {url}"))?.1.into_owned());
                }
                continue;
            }
            // A page's form goes back to the page's own address.
            let page = response.text().await?;
            form = Some(if page.contains(r#"name="prompt" value="login""#) {
                vec![("prompt", "login"), ("login", user), ("password", "any")]
            } else if page.contains(r#"name="prompt" value="consent""#) {
                vec![("prompt", "consent")]
            } else {
                return Err(format!("an unknown page at {url}: {page}").into());
            });
        }
        Err(format!("no code after ten steps, the last at {url}").into())
    }
}

async fn member(response: Response, name: &str) -> Result<String> {
    let body: Value = response.json().await?;
    Ok(body[name].as_str().ok_or(format!("no {name} in {body}"))?.to_owned())
}

// Names alone are enough here: of each cookie, the one set last is the one in use.
fn remember(cookies: &mut BTreeMap<String, String>, response: &Response) {
    for cookie in response.headers().get_all(SET_COOKIE) {
        let pair = cookie.to_str().ok().and_then(|text| text.split(';').next()?.split_once('='));
        if let Some((name, value)) = pair {
            cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

fn cookie_header(cookies: &BTreeMap<String, String>) -> String {
    let pairs: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("; ")
}
