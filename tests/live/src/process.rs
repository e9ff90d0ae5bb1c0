//! A server process. Its output goes to a log file, its readiness is polled, and dropping it kills it.

use crate::{Result, cache};
use serde_json::Value;
use std::fmt;
use std::fs::File;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

const POLL: Duration = Duration::from_millis(25);
/// A server that writes no log and uses no processor time for this long is stuck. Even on a busy machine, a process runs
/// within this time.
const SILENCE: Duration = Duration::from_secs(60);
/// The limit of every wait, for a server that is busy but never ready, or a program that never ends.
pub(crate) const LIMIT: Duration = Duration::from_secs(300);
/// The limit of one readiness check. It is repeated after that.
const PROBE_LIMIT: Duration = Duration::from_secs(10);

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

    /// Waits until the probe succeeds, while the process lives and is active.
    ///
    /// # Errors
    ///
    /// [`Stuck`] if the process ended or became inactive. Another error if it was active but never ready.
    pub(crate) async fn ready<T>(&mut self, probe: impl AsyncFn() -> Option<T>) -> Result<T> {
        let start = Instant::now();
        let (mut activity, mut active) = (self.activity(), start);
        loop {
            let found = timeout(PROBE_LIMIT, probe()).await.ok().flatten();
            // Checked first: if the process ended, another process on its port has answered.
            if let Some(status) = self.child.try_wait()? {
                return Err(Stuck(self.complaint(&format!("ended with {status}"))).into());
            }
            if let Some(found) = found {
                return Ok(found);
            }
            if self.activity() != activity {
                (activity, active) = (self.activity(), Instant::now());
            }
            if active.elapsed() > SILENCE {
                return Err(Stuck(self.complaint(&format!("did nothing for {SILENCE:?} and is not ready"))).into());
            }
            if start.elapsed() > LIMIT {
                return Err(self.complaint(&format!("was not ready after {LIMIT:?}")).into());
            }
            sleep(POLL).await;
        }
    }

    /// Waits for the line of JSON that this project's servers print when they are ready.
    pub(crate) async fn ready_line(&mut self) -> Result<Value> {
        let log = self.log.clone();
        self.ready(async || {
            let log = std::fs::read_to_string(&log).ok()?;
            log.lines().find_map(|line| serde_json::from_str(line).ok())
        })
        .await
    }

    /// Bytes in the log and ticks of processor time, which change while the process is active.
    fn activity(&self) -> (u64, u64) {
        let written = std::fs::metadata(&self.log).map_or(0, |log| log.len());
        (written, self.child.id().and_then(processor_ticks).unwrap_or_default())
    }

    fn complaint(&self, what: &str) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        let end = lines[lines.len().saturating_sub(5)..].join(" / ");
        format!("{} {what}; {} ends: {end}", self.name, self.log.display())
    }
}

/// Processor time of all threads of a process: `utime` and `stime` of `man 5 proc_pid_stat`.
fn processor_ticks(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

/// A server that ended or became inactive before it was ready.
#[derive(Debug)]
pub(crate) struct Stuck(String);

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Stuck {}

/// Starts a server, and starts it again if it gets stuck. Each start should choose a new port, since another process may
/// have taken the old one.
pub(crate) async fn started<T>(start: impl AsyncFn() -> Result<T>) -> Result<T> {
    let first = match start().await {
        Err(error) if error.is::<Stuck>() => error,
        outcome => return outcome,
    };
    println!("{first}; it is started once more");
    start().await.map_err(|second| format!("{second}; it was the second start, at the first one {first}").into())
}

/// Runs a command, and gives its status, standard output and standard error.
pub(crate) async fn output(command: &mut Command) -> Result<(ExitStatus, String, String)> {
    let child = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = timeout(LIMIT, child).await.map_err(|_| format!("still running after {LIMIT:?}"))??;
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Ok((output.status, text(&output.stdout), text(&output.stderr)))
}

/// A loopback port that was free a moment ago, for servers that need a number.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Repeats a question until the answer is the expected one. After the limit, the last answer counts.
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    async fn line_of(name: &str, script: &str) -> Result<Value> {
        started(async || Process::spawn(name, &mut shell(script))?.ready_line().await).await
    }

    #[tokio::test]
    async fn a_server_that_ended_is_started_once_more() {
        let name = "test-second-start";
        let marker = std::env::temp_dir().join(format!("countersign-{name}-{}", std::process::id()));
        let script = format!("test -e {0} && echo 7 && exec sleep 600; touch {0}; exit 3", marker.display());
        let line = line_of(name, &script).await;
        std::fs::remove_file(marker).unwrap();
        assert_eq!(line.unwrap(), 7);
    }

    #[tokio::test]
    async fn a_server_that_ends_each_time_is_an_error_with_the_end_of_its_log() {
        let error = line_of("test-ends", "echo no luck; exit 3").await.unwrap_err().to_string();
        assert_eq!(error.matches("ended with exit status: 3").count(), 2, "{error}");
        assert_eq!(error.matches("test-ends.log ends: no luck").count(), 2, "{error}");
    }

    #[tokio::test]
    async fn an_answer_of_somebody_else_is_not_taken_for_the_server_s() {
        let mut process = Process::spawn("test-port-taken", &mut shell("exit 3")).unwrap();
        process.child.wait().await.unwrap();
        assert!(process.ready(async || Some(())).await.unwrap_err().is::<Stuck>());
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_does_nothing_is_stuck_after_a_minute_and_not_before() {
        let mut process = Process::spawn("test-silent", &mut shell("exec sleep 600")).unwrap();
        let start = Instant::now();
        let error = process.ready(async || None::<()>).await.unwrap_err();
        assert!(error.is::<Stuck>() && error.to_string().contains("did nothing for 60s"), "{error}");
        assert!((60..LIMIT.as_secs()).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_says_something_new_is_waited_for_up_to_the_limit() {
        let mut process = Process::spawn("test-busy", &mut shell("exec sleep 600")).unwrap();
        let log = process.log.clone();
        let say = async || {
            writeln!(File::options().append(true).open(&log).unwrap(), "still busy").unwrap();
            None::<()>
        };
        let start = Instant::now();
        let error = process.ready(say).await.unwrap_err();
        assert!(!error.is::<Stuck>() && error.to_string().contains("ends: still busy"), "{error}");
        assert_eq!(start.elapsed().as_secs(), LIMIT.as_secs());
    }
}
