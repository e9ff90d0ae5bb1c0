//! npm `@simulacrum/auth0-simulator`, configured by `auth0-simulator/server.mjs`: an Auth0 tenant under its production name.

use crate::browser::forms;
use crate::process::{Process, started};
use crate::production_names::http_client;
use crate::relying_party::{REDIRECT, RelyingParty, SignIn, member};
use crate::{Result, cache};
use reqwest::header::LOCATION;
use reqwest::{Client, Url};
use serde_json::Value;
use std::net::SocketAddr;
use tokio::process::Command;

pub(crate) const DOMAIN: &str = "tenant.eu.auth0.com";
/// Another tenant, which signs with the same key.
pub(crate) const OTHER_DOMAIN: &str = "other.eu.auth0.com";
const ALICE: &str = "alice@example.test";

pub(crate) struct Auth0Simulator {
    _process: Process,
    http: Client,
}

impl Auth0Simulator {
    pub(crate) async fn start() -> Result<Self> {
        let home = cache().join("auth0-simulator");
        let certificates = home.join(".simulacrum/certs");
        std::fs::create_dir_all(&certificates)?;
        for (from, to) in [("server.pem", "localhost.pem"), ("server.key", "localhost-key.pem")] {
            std::fs::copy(cache().join("tls").join(from), certificates.join(to))?;
        }
        let (process, line) = started(async || {
            let mut command = Command::new("node");
            let command = command.arg("server.mjs").current_dir(&home).env("HOME", &home);
            let mut process = Process::spawn("auth0-simulator", command)?;
            let line = process.ready_line().await?;
            Ok((process, line))
        })
        .await?;
        let port =
            line["port"].as_u64().and_then(|port| u16::try_from(port).ok()).ok_or(format!("no port in {line}"))?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let http = http_client(&[(DOMAIN, address), (OTHER_DOMAIN, address)])?;
        Ok(Auth0Simulator { _process: process, http })
    }

    /// A client that resolves the production name to this simulator.
    pub(crate) fn http_client(&self) -> Client {
        self.http.clone()
    }

    /// A machine's access token for this API.
    pub(crate) async fn client_credentials(&self, client: &str, audience: &str) -> Result<String> {
        let relying_party = RelyingParty::discover(&self.http, &format!("https://{DOMAIN}/")).await?;
        relying_party.client_credentials(client, "secret", &[("client_id", client), ("audience", audience)]).await
    }

    /// Alice's tokens at this tenant's client. The requests are those of the scripts of its sign-in page.
    pub(crate) async fn sign_in(&self, domain: &str, client: &str, audience: &str) -> Result<SignIn> {
        let at = |path: &str| format!("https://{domain}/{path}");
        let sign_in = [
            ("username", ALICE),
            ("password", "password"),
            ("client_id", client),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("scope", "openid email"),
            ("audience", audience),
            ("state", "s"),
            ("nonce", "n"),
        ];
        let response = self.http.post(at("usernamepassword/login")).form(&sign_in).send().await?;
        let page = response.error_for_status()?.text().await?;
        let form = forms(&page).into_iter().next().ok_or(format!("no form in {page}"))?;
        let response = self.http.post(at("login/callback")).form(&form.fields).send().await?;
        let location = response.headers().get(LOCATION).ok_or(format!("no redirect but {}", response.status()))?;
        let url = Url::parse(location.to_str()?)?;
        let (_, code) = url.query_pairs().find(|(name, _)| name == "code").ok_or(format!("no code in {url}"))?;

        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", client),
            ("redirect_uri", REDIRECT),
            ("audience", audience),
            ("code", &code),
        ];
        let tokens: Value = self.http.post(at("oauth/token")).form(&form).send().await?.json().await?;
        Ok(SignIn { access: member(&tokens, "access_token")?, id: member(&tokens, "id_token")? })
    }
}
