//! A server process: its output goes to a log file, its readiness is polled, and dropping it kills it.

use crate::{Result, cache};
use serde_json::Value;
use std::fs::File;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

const POLL: Duration = Duration::from_millis(25);
const LIMIT: Duration = Duration::from_secs(30);

pub(crate) struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    pub(crate) fn spawn(name: &str, command: &mut Command) -> Result<Self> {
        let logs = cache().join("log");
        std::fs::create_dir_all(&logs)?;
        let log = logs.join(format!("{name}.log"));
        let output = File::create(&log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{name}: {error}"))?;
        Ok(Process { name: name.to_owned(), child, log })
    }

    /// Waits until the probe finds something, the process ends or the time is over.
    pub(crate) async fn ready<T>(&mut self, probe: impl AsyncFn() -> Option<T>) -> Result<T> {
        let start = Instant::now();
        loop {
            if let Some(found) = probe().await {
                return Ok(found);
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(self.complaint(&format!("ended with {status}")).into());
            }
            if start.elapsed() > LIMIT {
                return Err(self.complaint(&format!("was not ready after {LIMIT:?}")).into());
            }
            sleep(POLL).await;
        }
    }

    /// Waits for the one line of JSON that our own servers print when they are ready.
    pub(crate) async fn ready_line(&mut self) -> Result<Value> {
        let log = self.log.clone();
        self.ready(async || {
            let log = std::fs::read_to_string(&log).ok()?;
            log.lines().find_map(|line| serde_json::from_str(line).ok())
        })
        .await
    }

    fn complaint(&self, what: &str) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        let end = lines[lines.len().saturating_sub(5)..].join(" / ");
        format!("{} {what}; {} ends: {end}", self.name, self.log.display())
    }
}

/// Runs a command to its end: how it ended, its standard output and its standard error.
pub(crate) async fn output(command: &mut Command) -> Result<(ExitStatus, String, String)> {
    let child = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(LIMIT, child).await.map_err(|_| format!("still running after {LIMIT:?}"))??;
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Ok((output.status, text(&output.stdout), text(&output.stderr)))
}

/// A loopback port that was free a moment ago, for servers that must be told one.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Asks again and again until the answer is the expected one; after the limit the last answer counts.
pub(crate) async fn settles(expected: &str, ask: impl AsyncFn() -> Result<String>) -> Result<String> {
    let start = Instant::now();
    loop {
        let answer = ask().await?;
        if answer == expected || start.elapsed() > LIMIT {
            return Ok(answer);
        }
        sleep(POLL).await;
    }
}
