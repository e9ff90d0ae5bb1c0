//! Administration of glewlwyd through its API: setup, and publication of keys.

use super::{WEB_CLIENT, machine, session};
use crate::relying_party::REDIRECT;
use crate::resource_server::http_client;
use crate::{API, OTHER_API, Result};
use reqwest::header::COOKIE;
use reqwest::{Client, Method};
use serde_json::{Value, json};

/// The user of every new database.
const ADMIN: (&str, &str) = ("admin", "password");
pub(super) const ALICE: (&str, &str) = ("alice", "password1");
pub(super) const MACHINE_SECRET: &str = "svc-secret";
const SCOPES: [&str; 3] = ["openid", "reports:read", "reports:write"];
/// The client property that names its key. It must be one of the database's properties. This one is meant for encryption,
/// which these tests do not use.
const SIGNING_KEY: &str = "alg_kid";

pub(super) struct Administrator {
    base: String,
    cookie: String,
    http: Client,
}

impl Administrator {
    pub(super) async fn sign_in(base: &str) -> Result<Self> {
        let http = http_client()?;
        let (user, password) = ADMIN;
        let cookie = session(&http, base, user, password).await?;
        Ok(Administrator { base: base.to_owned(), cookie, http })
    }

    /// Configures an OpenID provider with these keys. Each signs for its own machine.
    pub(super) async fn set_up(&self, issuer: &str, keys: &[Value]) -> Result {
        self.call(Method::POST, "mod/plugin/", plugin(issuer, keys)).await?;
        for name in SCOPES {
            // A new database has `openid` already.
            let (method, path) =
                if name == "openid" { (Method::PUT, "scope/openid") } else { (Method::POST, "scope/") };
            self.call(method, path, scope(name)).await?;
        }
        self.call(Method::POST, "user/", alice()).await?;
        self.call(Method::POST, "client/", web_client()).await?;
        for key in keys {
            self.call(Method::POST, "client/", machine_client(key)).await?;
        }
        Ok(())
    }

    /// Replaces all keys. The first one signs by default.
    pub(super) async fn publish(&self, issuer: &str, keys: &[Value]) -> Result {
        self.call(Method::PUT, "mod/plugin/oidc", plugin(issuer, keys)).await?;
        self.call(Method::PUT, "mod/plugin/oidc/reset", Value::Null).await // keys are read at a start only
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> Result {
        let request = self.http.request(method, format!("{}/{path}", self.base));
        let response = request.header(COOKIE, &self.cookie).json(&body).send().await?;
        if !response.status().is_success() {
            return Err(format!("{path}: {}: {}", response.status(), response.text().await?).into());
        }
        Ok(())
    }
}

fn plugin(issuer: &str, keys: &[Value]) -> Value {
    json!({
        "module": "oidc",
        "name": "oidc",
        "display_name": "oidc",
        "order_rank": 0,
        "parameters": {
            "iss": issuer,
            "jwks-show": true,
            "jwks-private": json!({ "keys": keys }).to_string(),
            "default-kid": keys.first().map(|key| &key["kid"]),
            "client-sign_kid-parameter": SIGNING_KEY,
            "subject-type": "public",
            "allow-non-oidc": true,
            "auth-type-client-enabled": true,
            "auth-type-code-enabled": true,
            "auth-type-token-enabled": false,
            "auth-type-password-enabled": false,
            "auth-type-implicit-enabled": false,
            "auth-type-refresh-enabled": false,
            "pkce-allowed": true,
            "access-token-duration": 300,
            "refresh-token-duration": 300,
            "code-duration": 60,
            "allowed-scope": SCOPES,
            "scope": [],
            "claims": [],
            "additional-parameters": [],
            "name-claim": "no",
            "email-claim": "no",
            "scope-claim": "no",
            "resource-allowed": true,
            "resource-change-allowed": false,
            "resource-scope": { "reports:read": [API, OTHER_API], "reports:write": [API] },
        },
    })
}

fn scope(name: &str) -> Value {
    json!({
        "name": name,
        "display_name": name,
        "description": name,
        "password_required": true,
        "password_max_age": 0,
        "scheme": {},
    })
}

fn alice() -> Value {
    let (user, password) = ALICE;
    json!({ "username": user, "password": password, "scope": SCOPES, "enabled": true })
}

fn web_client() -> Value {
    json!({
        "client_id": WEB_CLIENT,
        "name": WEB_CLIENT,
        "enabled": true,
        "confidential": false,
        "token_endpoint_auth_method": ["none"],
        "authorization_type": ["code"],
        "redirect_uri": [REDIRECT],
        "scope": SCOPES,
    })
}

/// The machine that the key signs for. `svc` names no key, and gets the default.
fn machine_client(key: &Value) -> Value {
    let name = machine(key["alg"].as_str().unwrap_or_default());
    let mut client = json!({
        "client_id": name,
        "name": name,
        "enabled": true,
        "confidential": true,
        "password": MACHINE_SECRET,
        "token_endpoint_auth_method": ["client_secret_basic"],
        "authorization_type": ["client_credentials"],
        "scope": &SCOPES[1..],
    });
    if name != "svc" {
        client[SIGNING_KEY] = key["kid"].clone();
    }
    client
}
