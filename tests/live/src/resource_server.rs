//! The `resource-server` example in a separate process, called over HTTP.

use crate::Result;
use crate::process::{Process, free_port, started};
use crate::verdict;
use reqwest::{Client, Method, redirect};
use std::time::Duration;
use tokio::process::Command;

pub(crate) struct ResourceServer {
    _process: Process,
    base: String,
    http: Client,
}

impl ResourceServer {
    /// Starts it with only these variables, and waits until it is ready.
    pub(crate) async fn start(name: &str, variables: &[(&str, &str)]) -> Result<Self> {
        started(async || {
            let address = format!("127.0.0.1:{}", free_port()?);
            let base = format!("http://{address}");
            let mut process = Process::spawn(name, command(variables)?.env("BIND", &address).env("RUST_LOG", "debug"))?;
            let http = http_client()?;
            let readiness = http.get(format!("{base}/readyz"));
            process
                .ready(async || {
                    let response = readiness.try_clone()?.send().await.ok()?;
                    (response.status() == 200).then_some(())
                })
                .await?;
            Ok(ResourceServer { _process: process, base, http })
        })
        .await
    }

    /// Sends one request, and gives the verdict of its response.
    pub(crate) async fn ask(&self, method: Method, path: &str, token: Option<&str>) -> Result<String> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        verdict::answered(request.send().await?).await
    }

    /// `GET /me`, which any valid token may call.
    pub(crate) async fn me(&self, token: &str) -> Result<String> {
        self.ask(Method::GET, "/me", Some(token)).await
    }
}

/// The binary in this one's folder, with only these environment variables.
pub(crate) fn command(variables: &[(&str, &str)]) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?.with_file_name("resource-server"));
    command.env_clear().envs(variables.iter().copied());
    Ok(command)
}

/// A client without redirects and proxies, and with a time limit.
pub(crate) fn http_client() -> Result<Client> {
    let limit = Duration::from_secs(60);
    Ok(Client::builder().no_proxy().redirect(redirect::Policy::none()).timeout(limit).build()?)
}
