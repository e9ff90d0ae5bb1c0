//! npm `oidc-provider`, configured by `oidc-provider/server.mjs`, and functions that get tokens.

use crate::process::{Process, started};
use crate::relying_party::{RelyingParty, SignIn, SignInRequest, member};
use crate::resource_server::http_client;
use crate::rotation::OldKeys;
use crate::{Result, cache};
use reqwest::{Client, Url};
use serde_json::Value;
use tokio::process::Command;

/// The public client of the code flow, and the audience of its ID tokens.
pub(crate) const WEB_CLIENT: &str = "web";

pub(crate) struct OidcProvider {
    _process: Process,
    issuer: String,
    relying_party: RelyingParty,
    http: Client,
}

impl OidcProvider {
    pub(crate) async fn start(log: &str) -> Result<Self> {
        let home = cache().join("oidc-provider");
        let (process, line) = started(async || {
            let mut process = Process::spawn(log, Command::new("node").arg("server.mjs").current_dir(&home))?;
            let line = process.ready_line().await?;
            Ok((process, line))
        })
        .await?;
        let issuer = member(&line, "issuer")?;
        let http = http_client()?;
        let relying_party = RelyingParty::discover(&http, &issuer).await?;
        Ok(OidcProvider { _process: process, issuer, relying_party, http })
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// A machine's access token. The resource sets its audience and algorithm.
    pub(crate) async fn client_credentials(&self, resource: &str, scope: &str) -> Result<String> {
        let form = [("resource", resource), ("scope", scope)];
        self.relying_party.client_credentials("svc", "svc-secret", &form).await
    }

    /// A user's tokens at the web client, through the provider's sign-in and consent pages.
    pub(crate) async fn sign_in(&self, user: &str, resource: &str, scope: &str, nonce: Option<&str>) -> Result<SignIn> {
        let request = SignInRequest { user, scope, resource: Some(resource), nonce, ..SignInRequest::default() };
        self.relying_party.sign_in(request).await
    }

    /// Replaces the signing key for this algorithm.
    pub(crate) async fn rotate_keys(&self, alg: &str, old: OldKeys) -> Result {
        let keep = if old == OldKeys::Kept { "1" } else { "0" };
        let url = Url::parse_with_params(&format!("{}/__admin/rotate", self.issuer), [("alg", alg), ("keep", keep)])?;
        self.http.post(url).send().await?.error_for_status()?;
        Ok(())
    }

    /// The number of key set fetches since the start.
    pub(crate) async fn key_fetches(&self) -> Result<u64> {
        let count: Value = self.http.get(format!("{}/__admin/key-fetches", self.issuer)).send().await?.json().await?;
        Ok(count.as_u64().ok_or(format!("no count but {count}"))?)
    }
}
