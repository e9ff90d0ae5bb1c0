//! WorkOS.

use crate::preset::docs::PresetDocs;
use crate::preset::environment::{Constructor, FromEnv, Setting, Variable};
use crate::preset::key_location::check_issuer;
use crate::preset::profile::Profile;
use crate::preset::provider::Provider;
use crate::preset::recipients::Recipients;
use crate::preset::traits::{Preset, TakesAudience, sealed};
use crate::preset::url_parts::{host, segment};
use countersign_core::{Audience, ClaimMap, ClaimRule, ConfigError, ServiceAccountRule, TokenKind};
use serde::Deserialize;

/// WorkOS: the access tokens of AuthKit sessions ([`client`](Self::client)), or of Connect applications
/// ([`connect`](Self::connect)).
///
/// A session's token has no audience unless a JWT template adds one: issuer and keys belong to one client
/// (<https://workos.com/docs/reference/authkit/session-tokens>). A Connect token names the resource, or the
/// environment's client id (<https://workos.com/docs/authkit/connect/token-claims>).
///
/// # Example
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use countersign_core::Verifier;
/// use countersign_providers::WorkOs;
///
/// let verifier = Verifier::builder()
///     .issuer(WorkOs::client("client_01HBEQKA6K4QJAS93VPE39W1JT"))
///     .issuer(WorkOs::connect("acme.authkit.app").audience("https://api.acme.example"))
///     .build()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct WorkOs {
    tokens: Tokens,
    issuer: Option<String>,
}

#[derive(Clone, Debug)]
enum Tokens {
    Sessions { client: String },
    Connect { domain: String },
}

/// The claims of a WorkOS token. Use them as they are, or `#[serde(flatten)]` them into your own.
///
/// # Example
///
/// ```
/// use countersign_providers::WorkOsClaims;
///
/// fn is_entitled(claims: &WorkOsClaims) -> bool {
///     claims.entitlements.iter().any(|entitlement| entitlement == "audit-logs")
/// }
/// ```
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct WorkOsClaims {
    /// The user's id, such as `user_01..`, or a program's client id.
    pub sub: String,
    /// The session. In a Connect token, the user's consent.
    pub sid: Option<String>,
    /// The organisation that the user chose.
    pub org_id: Option<String>,
    /// The role in that organisation.
    pub role: Option<String>,
    /// All roles in that organisation.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Permissions in that organisation.
    #[serde(default)]
    pub permissions: Vec<String>,
    /// The features that the organisation has bought.
    #[serde(default)]
    pub entitlements: Vec<String>,
    /// Feature flags that are on.
    #[serde(default)]
    pub feature_flags: Vec<String>,
    /// The application that asked for a Connect token.
    pub client_id: Option<String>,
    /// Scopes of a Connect token, separated by blanks.
    pub scope: Option<String>,
}

impl WorkOs {
    /// The sessions of this client, such as `client_01HBEQKA6K4QJAS93VPE39W1JT`.
    pub fn client(client: impl Into<String>) -> Provider<Self> {
        Self::new(Tokens::Sessions { client: client.into() })
    }

    /// The Connect applications, MCP clients among them, of this AuthKit domain, such as `acme.authkit.app`. It needs
    /// an [`audience`](Provider::audience): the resource, or for programs the environment's client id.
    pub fn connect(domain: impl Into<String>) -> Provider<Self> {
        Self::new(Tokens::Connect { domain: domain.into() })
    }

    fn new(tokens: Tokens) -> Provider<Self> {
        Provider::new(Self { tokens, issuer: None })
    }

    /// Gives the claim map of WorkOS: the claims that hold roles, permissions and the like. Change it and pass it to
    /// [`claim_map`](Provider::claim_map).
    pub fn claims() -> ClaimMap {
        ClaimMap::default()
            .tenant(["org_id"])
            .roles(["roles", "role"])
            .machine([ServiceAccountRule::SubjectIs("client_id")])
    }
}

impl Provider<WorkOs> {
    /// Sets the `iss` of the sessions' tokens, exactly as the tokens have it, for an environment with its own
    /// authentication domain. Connect's issuer is always its domain.
    pub fn issuer(mut self, iss: impl Into<String>) -> Self {
        self.preset.issuer = Some(iss.into());
        self
    }

    /// Expects the issuer `https://api.workos.com` of environments that were created before the middle of 2025
    /// (<https://github.com/workos/workos-node/pull/1694>).
    ///
    /// # Security
    ///
    /// All such environments share this issuer. Only the keys, which are fetched by the client id, distinguish yours;
    /// WorkOS's own libraries check no more. An [`audience`](Self::audience) by a JWT template is safer.
    pub fn legacy_issuer(self) -> Self {
        self.issuer("https://api.workos.com")
    }
}

impl sealed::Sealed for WorkOs {}

/// The audience of sessions is the value that a JWT template adds. The audience of Connect tokens is the resource.
impl TakesAudience for WorkOs {}

impl Preset for WorkOs {
    type Claims = WorkOsClaims;

    const DOCS: PresetDocs = PresetDocs {
        name: "WorkOS",
        constructor: r#"WorkOs::client("client_01HBEQKA6K4QJAS93VPE39W1JT")"#,
        console: "WorkOS Dashboard > API Keys (Client ID); Authentication > Sessions (JWT template); Domains",
        quirks: &[
            "The issuer has several forms. Environments from before the middle of 2025 need `.legacy_issuer()`. Those with \
             their own authentication domain need `.issuer(..)`: copy the `iss` of a token.",
            "A session's token names no audience, so issuer and keys of the client take its place. A token with a \
             `client_id` must name this client. A token with an `aud`, which JWT templates add, needs `.audience(..)`.",
            "A session's token has a `sid` that begins with `session_`. Connect's tokens have a consent there \
             (`app_consent_..`), so they are not taken for a session's.",
            "Tokens of Connect applications and MCP clients have another issuer: `WorkOs::connect(\"acme.authkit.app\")`.",
            "The e-mail address is in the token only if a JWT template adds it.",
            "`act` names the member of your staff who acts as the user: `.rule(ClaimRule::absent(\"act\"))` refuses such \
             tokens.",
        ],
        sources: &[
            "https://workos.com/docs/reference/authkit/session-tokens",
            "https://workos.com/docs/authkit/connect/token-claims",
            "https://github.com/workos/workos-node/pull/1694",
            "https://github.com/workos/authkit-nextjs/issues/266",
        ],
    };

    const FROM_ENV: FromEnv<Self> = FromEnv {
        constructor: Constructor::One(
            Variable::required("WORKOS_CLIENT_ID", "the environment's client id, such as `client_01..`"),
            Self::client,
        ),
        settings: &[Setting::One(
            Variable::optional("WORKOS_ISSUER", "the `iss` of the tokens, where it is not the usual one"),
            Provider::issuer,
        )],
    };

    fn profile(self, recipients: Recipients) -> Result<Profile, ConfigError> {
        let profile = match self.tokens {
            Tokens::Sessions { client } => sessions(&client, self.issuer, recipients.audiences)?,
            Tokens::Connect { domain } => {
                if let Some(value) = self.issuer {
                    let expected = "Connect's issuer is the AuthKit domain: leave `.issuer(..)` out";
                    return Err(ConfigError::InvalidArgument { what: "issuer of Connect", value, expected });
                }
                let domain = host("AuthKit domain", &domain, "it looks like `acme.authkit.app`")?;
                let kind = TokenKind::access().require(ClaimRule::present("client_id"));
                Profile::discovered(format!("https://{domain}"))?.access(kind, Audience::any_of(recipients.audiences))
            }
        };
        Ok(profile.claim_map(Self::claims()))
    }

    fn example() -> Provider<Self> {
        Self::client("client_01HBEQKA6K4QJAS93VPE39W1JT")
    }
}

fn sessions(client: &str, issuer: Option<String>, audiences: Vec<String>) -> Result<Profile, ConfigError> {
    let client = segment("WorkOS client id", client, "it looks like `client_01HBEQKA6K4QJAS93VPE39W1JT`")?;
    let iss = issuer.unwrap_or_else(|| format!("https://api.workos.com/user_management/{client}"));
    check_issuer(&iss)?;
    let profile = Profile::with_keys_at(iss, &format!("https://api.workos.com/sso/jwks/{client}"))?;
    // Connect's tokens have a `sid`, too: the id of a consent (https://workos.com/docs/authkit/connect/token-claims).
    let session = TokenKind::access().require(ClaimRule::begins_with("sid", "session_"));
    if !audiences.is_empty() {
        return Ok(profile.access(session, Audience::any_of(audiences)));
    }
    // No audience is configured, so a token that names one is refused.
    let session = session.require(ClaimRule::absent("aud"));
    Ok(profile
        .access(session.clone().require(ClaimRule::absent("client_id")), Audience::whole_issuer())
        .access(session, Audience::claim("client_id", [client])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset::profile::Accepted;
    use countersign_core::IntoIssuer;

    #[track_caller]
    fn assert_audiences(provider: Provider<WorkOs>, iss: &str, expected: &[&str]) {
        let profile = provider.profile().unwrap();
        let audiences: Vec<String> =
            profile.forms(Accepted::Usual).iter().map(|form| form.audience.to_string()).collect();
        assert_eq!((&*profile.iss, audiences), (iss, expected.iter().map(ToString::to_string).collect()));
    }

    #[test]
    fn each_form_of_token_has_its_issuer_and_audience() {
        let session = || WorkOs::client("client_1");
        let whole = ["every token of this issuer", "`client_id` is `client_1`"];
        assert_audiences(session(), "https://api.workos.com/user_management/client_1", &whole);
        assert_audiences(session().legacy_issuer(), "https://api.workos.com", &whole);
        let named = session().issuer("https://auth.acme.example").audience("a");
        assert_audiences(named, "https://auth.acme.example", &["`aud` is or holds `a`"]);
        let connect = WorkOs::connect("acme.authkit.app").audience("a");
        assert_audiences(connect, "https://acme.authkit.app", &["`aud` is or holds `a`"]);
    }

    #[test]
    fn what_is_no_client_domain_or_issuer_is_refused() {
        for client in ["", "client/1", "../client"] {
            assert!(WorkOs::client(client).into_issuer().is_err(), "{client}");
        }
        assert!(WorkOs::client("client_1").issuer("api.workos.com").into_issuer().is_err());
        assert!(WorkOs::connect("https://acme.authkit.app").audience("a").into_issuer().is_err());
        assert!(WorkOs::connect("acme.authkit.app").audience("a").legacy_issuer().into_issuer().is_err());
    }
}
