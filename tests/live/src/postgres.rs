//! Debian's PostgreSQL on loopback, with a new cluster for each start and an unprivileged user.

use crate::Result;
use crate::process::{Process, free_port, output, started};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::process::Command;

const USER: &str = "app";
const PASSWORD: &str = "not a secret";

pub(crate) struct Postgres {
    home: PathBuf,
    port: u16,
    process: Option<Process>,
}

impl Postgres {
    pub(crate) async fn start() -> Result<Self> {
        let home = std::env::temp_dir().join(format!("countersign-postgres-{}", std::process::id()));
        std::fs::create_dir_all(&home)?;
        std::fs::write(home.join("password"), PASSWORD)?;
        let mut postgres = Postgres { home, port: free_port()?, process: None };
        if is_root() {
            succeeded(Command::new("chown").args(["-R", "postgres:postgres"]).arg(&postgres.home)).await?;
        }
        let mut initdb = unprivileged(&programs()?.join("initdb"));
        initdb.arg("--pgdata").arg(postgres.data()).arg("--pwfile").arg(postgres.home.join("password"));
        initdb.args([
            "--username",
            USER,
            "--auth",
            "scram-sha-256",
            "--encoding",
            "UTF8",
            "--locale",
            "C",
            "--no-sync",
        ]);
        succeeded(&mut initdb).await?;
        postgres.resume().await?;
        Ok(postgres)
    }

    /// Starts the server on the existing cluster.
    pub(crate) async fn resume(&mut self) -> Result {
        let process = started(async || {
            let mut server = unprivileged(&programs()?.join("postgres"));
            server.arg("-D").arg(self.data()).args(["-p", &self.port.to_string(), "-h", "127.0.0.1", "-F"]);
            server.args(["-c", "unix_socket_directories="]);
            let mut process = Process::spawn("postgres", &mut server)?;
            process.ready(async || self.pool().acquire().await.ok().map(drop)).await?;
            Ok(process)
        })
        .await?;
        self.process = Some(process);
        Ok(())
    }

    /// Stops the server, and keeps the cluster.
    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    /// A pool like an application's, without open connections.
    pub(crate) fn pool(&self) -> PgPool {
        let options = PgConnectOptions::new().host("127.0.0.1").port(self.port).username(USER).password(PASSWORD);
        PgPoolOptions::new().acquire_timeout(Duration::from_secs(5)).connect_lazy_with(options.database("postgres"))
    }

    fn data(&self) -> PathBuf {
        self.home.join("data")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

/// Debian's folder with the programs of the newest installed version.
fn programs() -> Result<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql")?.filter_map(|entry| Some(entry.ok()?.path()));
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.max_by_key(|path| version(path)).ok_or("no PostgreSQL in /usr/lib/postgresql")?;
    Ok(newest.join("bin"))
}

/// PostgreSQL refuses to run as root.
fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program).current_dir("/");
    command
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|this| this.uid() == 0)
}

async fn succeeded(command: &mut Command) -> Result {
    let (status, printed, errors) = output(command).await?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} ended with {status}: {printed}{errors}").into()) }
}
