//! Debian's `glewlwyd`, with a new database for each start, and functions that get tokens.

mod administration;

use crate::pass_through::PassThrough;
use crate::process::{Process, free_port, output, started};
use crate::relying_party::{CODE_CHALLENGE, CODE_VERIFIER, REDIRECT, SignIn, member};
use crate::resource_server::http_client;
use crate::rotation::OldKeys;
use crate::{Result, cache};
use administration::Administrator;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Url};
use serde_json::{Value, json};
use tokio::process::Command;

/// The public client of the code flow, and the audience of its ID tokens.
pub(crate) const WEB_CLIENT: &str = "web";
/// The algorithms of its keys. The first is the default for machines. Each of the others has its own machine.
pub(crate) const ALGORITHMS: [&str; 3] = ["RS256", "ES256", "EdDSA"];
/// The script of a new database, which contains the user `admin`.
const SCHEMA: &str = "/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3";
const MODULES: &str = "/usr/lib/glewlwyd";

pub(crate) struct Glewlwyd {
    _process: Process,
    /// The address at which this harness gets tokens.
    base: String,
    /// The address for all others, which is also the issuer.
    front: PassThrough,
    issuer: String,
    administrator: Administrator,
    /// The private keys. The first one for an algorithm signs.
    keys: Vec<Value>,
    http: Client,
}

impl Glewlwyd {
    /// Starts a server with a signing key for each algorithm.
    pub(crate) async fn start(log: &str) -> Result<Self> {
        let http = http_client()?;
        let (process, front, base) = started(async || {
            let port = free_port()?;
            let front = PassThrough::start(&format!("http://127.0.0.1:{port}")).await?;
            let mut process = Process::spawn(log, &mut command(log, port, front.base()).await?)?;
            let base = format!("http://127.0.0.1:{port}/api");
            let readiness = format!("{base}/");
            process.ready(async || http.get(&readiness).send().await.ok()).await?;
            Ok((process, front, base))
        })
        .await?;

        let issuer = format!("{}/api/oidc", front.base());
        let keys = private_keys(&ALGORITHMS).await?;
        let administrator = Administrator::sign_in(&base).await?;
        administrator.set_up(&issuer, &keys).await?;
        Ok(Glewlwyd { _process: process, base, front, issuer, administrator, keys, http })
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// An access token of the machine that signs with this algorithm. Without a resource its `aud` is its scope.
    pub(crate) async fn client_credentials(&self, alg: &str, scope: &str, resource: Option<&str>) -> Result<String> {
        let mut form = vec![("grant_type", "client_credentials"), ("scope", scope)];
        form.extend(resource.map(|resource| ("resource", resource)));
        let request = self.http.post(format!("{}/oidc/token", self.base));
        let request = request.basic_auth(machine(alg), Some(administration::MACHINE_SECRET));
        let tokens: Value = request.form(&form).send().await?.json().await?;
        member(&tokens, "access_token")
    }

    /// Alice's tokens by authorization code and PKCE. The requests for sign-in and consent are those of glewlwyd's
    /// pages.
    pub(crate) async fn sign_in(&self, resource: &str, scope: &str) -> Result<SignIn> {
        let (user, password) = administration::ALICE;
        let cookie = session(&self.http, &self.base, user, password).await?;
        let consent = self.http.put(format!("{}/auth/grant/{WEB_CLIENT}", self.base)).header(COOKIE, &cookie);
        consent.json(&json!({ "scope": scope })).send().await?.error_for_status()?;

        let query = [
            ("client_id", WEB_CLIENT),
            ("response_type", "code"),
            ("redirect_uri", REDIRECT),
            ("scope", scope),
            ("resource", resource),
            ("nonce", "12345678"),
            ("state", "s"),
            ("code_challenge", CODE_CHALLENGE),
            ("code_challenge_method", "S256"),
            ("g_continue", ""), // signed in, and agreed
        ];
        let start = Url::parse_with_params(&format!("{}/oidc/auth", self.base), query)?;
        let response = self.http.get(start).header(COOKIE, &cookie).send().await?;
        let location = response.headers().get(LOCATION).ok_or(format!("no redirect but {}", response.status()))?;
        let url = Url::parse(location.to_str()?)?;
        let (_, code) = url.query_pairs().find(|(name, _)| name == "code").ok_or(format!("no code in {url}"))?;

        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", WEB_CLIENT),
            ("redirect_uri", REDIRECT),
            ("resource", resource),
            ("code_verifier", CODE_VERIFIER),
            ("code", &code),
        ];
        let tokens = self.http.post(format!("{}/oidc/token", self.base)).form(&form).send().await?.json().await?;
        Ok(SignIn { access: member(&tokens, "access_token")?, id: member(&tokens, "id_token")? })
    }

    /// Replaces the default signing key for this algorithm.
    pub(crate) async fn rotate_keys(&mut self, alg: &str, old: OldKeys) -> Result {
        if old == OldKeys::Dropped {
            self.keys.retain(|key| key["alg"] != alg);
        }
        self.keys.splice(..0, private_keys(&[alg]).await?);
        self.administrator.publish(&self.issuer, &self.keys).await
    }

    /// The number of key set fetches since the start.
    pub(crate) fn key_fetches(&self) -> u64 {
        self.front.key_fetches()
    }
}

/// The server on a new database. It reads no configuration file, only these variables.
async fn command(name: &str, port: u16, external: &str) -> Result<Command> {
    let home = cache().join("glewlwyd");
    std::fs::create_dir_all(&home)?;
    let database = home.join(format!("{name}.db"));
    if database.exists() {
        std::fs::remove_file(&database)?;
    }
    let (status, _, errors) = output(Command::new("sqlite3").arg(&database).arg(format!(".read {SCHEMA}"))).await?;
    if !status.success() || !errors.is_empty() {
        return Err(format!("sqlite3 ended with {status}: {errors}").into());
    }

    let mut command = Command::new("glewlwyd");
    command.arg("--env-variables").env_clear();
    command.env("GLWD_BIND_ADDRESS", "127.0.0.1").env("GLWD_PORT", port.to_string());
    command.env("GLWD_EXTERNAL_URL", external).env("GLWD_API_PREFIX", "api");
    command.env("GLWD_DATABASE_TYPE", "sqlite3").env("GLWD_DATABASE_SQLITE3_PATH", database);
    command.env("GLWD_LOG_MODE", "console").env("GLWD_LOG_LEVEL", "INFO");
    command.env("GLWD_LOGIN_API_ENABLED", "1").env("GLWD_LOGIN_URL", "login.html");
    command.env("GLWD_SESSION_KEY", "SESSION").env("GLWD_SESSION_EXPIRATION", "3600");
    command.env("GLWD_ADMIN_SCOPE", "g_admin").env("GLWD_PROFILE_SCOPE", "g_profile");
    command.env("GLWD_HASH_ALGORITHM", "SHA512").env("GLWD_COOKIE_SECURE", "0");
    for (variable, folder) in [("USER", "user"), ("CLIENT", "client"), ("AUTH_SCHEME", "scheme"), ("PLUGIN", "plugin")]
    {
        command.env(format!("GLWD_{variable}_MODULE_PATH"), format!("{MODULES}/{folder}"));
    }
    Ok(command)
}

/// Private JWKs, one for each algorithm.
async fn private_keys(algorithms: &[&str]) -> Result<Vec<Value>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/glewlwyd/private_keys.mjs");
    let (status, printed, errors) = output(Command::new("node").arg(script).args(algorithms)).await?;
    if !status.success() {
        return Err(format!("private_keys.mjs ended with {status}: {errors}").into());
    }
    Ok(serde_json::from_str(&printed)?)
}

/// Signs in and returns the session's cookie.
async fn session(http: &Client, base: &str, user: &str, password: &str) -> Result<String> {
    let request = http.post(format!("{base}/auth/")).json(&json!({ "username": user, "password": password }));
    let response = request.send().await?.error_for_status()?;
    let cookie = response.headers().get(SET_COOKIE).ok_or(format!("no session for {user}"))?.to_str()?;
    Ok(cookie.split(';').next().unwrap_or_default().to_owned())
}

/// The machine whose tokens this algorithm signs.
fn machine(alg: &str) -> String {
    if alg == ALGORITHMS[0] { "svc".to_owned() } else { format!("svc-{alg}") }
}
