//! npm `emulate`, configured by `emulate/server.mjs`: Google, Microsoft and Okta under their production names.

use crate::process::{Process, started};
use crate::production_names::{TlsFront, http_client};
use crate::relying_party::{RelyingParty, SignIn, SignInRequest};
use crate::{Result, cache};
use reqwest::Client;
use tokio::process::Command;

pub(crate) const TENANT: &str = "11111111-2222-3333-4444-555555555555";
pub(crate) const OTHER_TENANT: &str = "99999999-8888-7777-6666-555555555555";
pub(crate) const OKTA_DOMAIN: &str = "dev-123456.okta.com";

pub(crate) struct Emulate {
    _process: Process,
    _front: TlsFront,
    http: Client,
}

impl Emulate {
    pub(crate) async fn start() -> Result<Self> {
        let (process, ports) = started(async || {
            let mut command = Command::new("node");
            let command = command.arg("server.mjs").current_dir(cache().join("emulate"));
            let mut process = Process::spawn("emulate", command)?;
            let ports = process.ready_line().await?;
            Ok((process, ports))
        })
        .await?;
        let port = |service: &str| {
            let port = ports[service].as_u64().and_then(|port| port.try_into().ok());
            port.ok_or(format!("no port of {service} in {ports}"))
        };
        let front = TlsFront::start(&[
            ("accounts.google.com", port("google")?),
            ("www.googleapis.com", port("google")?),
            ("login.microsoftonline.com", port("microsoft")?),
            (OKTA_DOMAIN, port("okta")?),
        ])
        .await?;
        let http = http_client(front.names())?;
        Ok(Emulate { _process: process, _front: front, http })
    }

    /// A client that resolves the production names to these servers.
    pub(crate) fn http_client(&self) -> Client {
        self.http.clone()
    }

    /// The tokens of one of `server.mjs`'s users, at the issuer's client.
    pub(crate) async fn sign_in(&self, issuer: &str, client: &str, user: &str) -> Result<SignIn> {
        let request = SignInRequest {
            client,
            secret: Some(&format!("{client}-secret")),
            user,
            scope: "openid email profile",
            resource: None,
            nonce: Some("n"),
        };
        RelyingParty::discover(&self.http, issuer).await?.sign_in(request).await
    }
}
