//! Imitations of hosted providers with npm `oidc-provider`, configured by `oidc-provider/shapes.mjs`.

use crate::emulate::OKTA_DOMAIN;
use crate::process::{Process, started};
use crate::production_names::{TlsFront, http_client};
use crate::relying_party::{RelyingParty, SignIn, SignInRequest};
use crate::{Result, auth0_simulator, cache, moto};
use reqwest::Client;
use tokio::process::Command;

const HOSTS: [&str; 11] = [
    "keycloak.example.test",
    "login.microsoftonline.com",
    "sts.windows.net",
    OKTA_DOMAIN,
    auth0_simulator::DOMAIN,
    moto::HOST,
    "securetoken.google.com",
    "www.googleapis.com",
    "session.firebase.google.com",
    "identitytoolkit.googleapis.com",
    "op.example.test",
];

pub(crate) struct Shapes {
    _process: Process,
    _front: TlsFront,
    http: Client,
}

impl Shapes {
    pub(crate) async fn start() -> Result<Self> {
        let (process, line) = started(async || {
            let mut command = Command::new("node");
            let command = command.arg("shapes.mjs").current_dir(cache().join("oidc-provider"));
            let mut process = Process::spawn("oidc-provider-shapes", command)?;
            let line = process.ready_line().await?;
            Ok((process, line))
        })
        .await?;
        let port =
            line["port"].as_u64().and_then(|port| u16::try_from(port).ok()).ok_or(format!("no port in {line}"))?;
        let front = TlsFront::start(&HOSTS.map(|host| (host, port))).await?;
        let http = http_client(front.names())?;
        Ok(Shapes { _process: process, _front: front, http })
    }

    /// A client that resolves the production names to these imitations.
    pub(crate) fn http_client(&self) -> Client {
        self.http.clone()
    }

    /// A machine's access token.
    pub(crate) async fn machine(&self, issuer: &str, resource: &str) -> Result<String> {
        let form = [("resource", resource), ("scope", "reports:read")];
        RelyingParty::discover(&self.http, issuer).await?.client_credentials("svc", "svc-secret", &form).await
    }

    pub(crate) async fn sign_in(&self, issuer: &str, request: SignInRequest<'_>) -> Result<SignIn> {
        RelyingParty::discover(&self.http, issuer).await?.sign_in(request).await
    }
}
