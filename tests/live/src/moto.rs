//! PyPI `moto`: Cognito user pools on loopback, under Amazon's own host name.

use crate::process::{Process, free_port, output, started};
use crate::production_names::http_client;
use crate::{Result, cache};
use reqwest::Client;
use serde_json::Value;
use std::net::SocketAddr;
use tokio::process::Command;

pub(crate) const REGION: &str = "us-east-1";
pub(crate) const HOST: &str = "cognito-idp.us-east-1.amazonaws.com";

pub(crate) struct Moto {
    _process: Process,
    endpoint: String,
    http: Client,
}

impl Moto {
    pub(crate) async fn start() -> Result<Self> {
        started(async || {
            let address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
            let mut command = Command::new(cache().join("moto/venv/bin/moto_server"));
            command.args(["--host", "127.0.0.1", "--port", &address.port().to_string()]);
            command.arg("--ssl-cert").arg(cache().join("tls/server.pem"));
            command.arg("--ssl-key").arg(cache().join("tls/server.key"));
            let mut process = Process::spawn("moto", &mut command)?;

            let http = http_client(&[(HOST, address)])?;
            let endpoint = format!("https://{address}");
            let readiness = format!("{endpoint}/moto-api/");
            process.ready(async || http.get(&readiness).send().await.ok()?.error_for_status().ok()).await?;
            Ok(Moto { _process: process, endpoint, http })
        })
        .await
    }

    /// A client that resolves the production name to this moto.
    pub(crate) fn http_client(&self) -> Client {
        self.http.clone()
    }

    /// Creates pools, signs alice in, and gives the output of `moto/sign_in.py`.
    pub(crate) async fn sign_in(&self) -> Result<Value> {
        let mut python = Command::new(cache().join("moto/venv/bin/python"));
        python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/moto/sign_in.py"));
        python.arg(&self.endpoint).arg(cache().join("tls/ca.pem"));
        let (status, printed, errors) = output(&mut python).await?;
        if !status.success() {
            return Err(format!("sign_in.py ended with {status}: {errors}").into());
        }
        Ok(serde_json::from_str(&printed)?)
    }
}
