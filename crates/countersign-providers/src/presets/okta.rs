//! Okta.

use crate::preset::docs::PresetDocs;
use crate::preset::environment::{Constructor, FromEnv, Setting, Variable};
use crate::preset::profile::Profile;
use crate::preset::provider::Provider;
use crate::preset::recipients::Recipients;
use crate::preset::traits::{IssuesBothKinds, Preset, TakesAudience, TakesClientId, sealed};
use crate::preset::url_parts::{host, segment};
use countersign_core::{Audience, ClaimMap, ClaimRule, ConfigError, ServiceAccountRule, TokenKind};
use serde::Deserialize;

/// Okta: access tokens of a custom authorization server unless you ask for ID tokens.
///
/// The org authorization server (`https://acme.okta.com` itself) cannot be configured: its access tokens are for Okta
/// only and must not be verified by others (<https://developer.okta.com/docs/concepts/auth-servers/>).
///
/// # Example
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use countersign_core::Verifier;
/// use countersign_providers::Okta;
///
/// let verifier = Verifier::builder()
///     .issuer(Okta::domain("acme.okta.com").authorization_server("default").audience("api://default"))
///     .build()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Okta {
    domain: String,
    server: String,
}

/// The claims of an Okta token. Use them as they are, or `#[serde(flatten)]` them into your own.
///
/// # Example
///
/// ```
/// use countersign_providers::OktaClaims;
///
/// #[derive(serde::Deserialize)]
/// struct Staff {
///     #[serde(flatten)]
///     okta: OktaClaims,
///     department: Option<String>,
/// }
/// ```
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct OktaClaims {
    /// The subject as mapped by the authorization server: the log-in name in most access tokens, the user's id in ID
    /// tokens.
    pub sub: String,
    /// The user's id, in access tokens of users.
    pub uid: Option<String>,
    /// The client that asked for the token, in access tokens.
    pub cid: Option<String>,
    /// Scopes, in access tokens.
    #[serde(default)]
    pub scp: Vec<String>,
    /// The user's groups, if a claim of this name is configured.
    #[serde(default)]
    pub groups: Vec<String>,
    /// The full name, in ID tokens.
    pub name: Option<String>,
    /// The log-in name, in ID tokens. It can change.
    pub preferred_username: Option<String>,
    /// The e-mail address, in ID tokens.
    pub email: Option<String>,
    /// True if Okta verified the address.
    pub email_verified: Option<bool>,
}

impl Okta {
    /// Selects the org of this domain, such as `acme.okta.com`, or of a custom domain. Its authorization server is the
    /// one that Okta calls `default` unless you name [another](Provider::authorization_server).
    pub fn domain(domain: impl Into<String>) -> Provider<Self> {
        let server = "default".to_owned();
        Provider::new(Self { domain: domain.into(), server })
    }

    /// Gives the claim map of Okta: the claims that hold scopes, groups and the like. Change it and pass it to
    /// [`claim_map`](Provider::claim_map). A claim for groups has the name that you gave it.
    pub fn claims() -> ClaimMap {
        ClaimMap::default()
            // `sub` of an access token is the log-in name, which can be reassigned. ID tokens and machines have no
            // `uid`.
            .subject(["uid", "sub"])
            .username(["preferred_username", "sub"])
            .scopes(["scp"])
            .machine([ServiceAccountRule::SubjectIs("cid")])
    }
}

impl Provider<Okta> {
    /// Selects the custom authorization server of this id: `default`, or one such as `aus9o8wzkhckw9TLa0h7z`.
    pub fn authorization_server(mut self, server: impl Into<String>) -> Self {
        self.preset.server = server.into();
        self
    }
}

impl sealed::Sealed for Okta {}
impl IssuesBothKinds for Okta {}

/// The audience is the one that the authorization server is configured with.
impl TakesAudience for Okta {}

impl TakesClientId for Okta {}

impl Preset for Okta {
    type Claims = OktaClaims;

    const DOCS: PresetDocs = PresetDocs {
        name: "Okta",
        constructor: r#"Okta::domain("acme.okta.com").authorization_server("default").audience("api://default")"#,
        console: "Okta Admin Console > Security > API > Authorization Servers > your server (the id ends the Issuer URI; \
                  Audience; Claims); Applications > Applications > your application > General (Client ID)",
        quirks: &[
            "Access tokens of the org authorization server (`https://acme.okta.com`, without `/oauth2/..`) are for Okta \
             only. They cannot be configured here, and are refused as `unknown_issuer`.",
            "Access tokens name their client in `cid`. ID tokens do not, which tells them apart.",
            "`principal.subject()` is the user's id: `uid` of access tokens, `sub` of ID tokens. `sub` of access tokens is \
             mapped by the authorization server, to the log-in name by default.",
            "Groups are in a token only if you add a claim. If it is not called `groups`: \
             `.claim_map(Okta::claims().groups([\"GroupsClaim\"]))`.",
        ],
        sources: &[
            "https://developer.okta.com/docs/concepts/auth-servers/",
            "https://developer.okta.com/docs/guides/validate-access-tokens/",
            "https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/#access-token",
            "https://developer.okta.com/docs/guides/customize-tokens-groups-claim/",
        ],
    };

    const FROM_ENV: FromEnv<Self> = FromEnv {
        constructor: Constructor::One(
            Variable::required("OKTA_DOMAIN", "the domain of the org, such as `acme.okta.com`"),
            Self::domain,
        ),
        settings: &[
            Setting::One(
                Variable::optional(
                    "OKTA_AUTHORIZATION_SERVER",
                    "the id of the authorization server, `default` unless set",
                ),
                Provider::authorization_server,
            ),
            Setting::Each(
                Variable::required(
                    "OKTA_AUDIENCE",
                    "the audience of the authorization server, such as `api://default`",
                ),
                Provider::audience,
            ),
        ],
    };

    fn profile(self, recipients: Recipients) -> Result<Profile, ConfigError> {
        let domain = host("Okta domain", &self.domain, "it looks like `acme.okta.com`")?;
        let expected = "it is `default`, or an id such as `aus9o8wzkhckw9TLa0h7z`";
        let server = segment("authorization server id", &self.server, expected)?;
        let iss = format!("https://{domain}/oauth2/{server}");
        let keys = format!("{iss}/v1/keys");
        let id = TokenKind::id().require(ClaimRule::absent("cid")).require(ClaimRule::absent("scp"));
        Ok(Profile::with_keys_at(iss, &keys)?
            .access(TokenKind::access().require(ClaimRule::present("cid")), Audience::any_of(recipients.audiences))
            .id(id, Audience::client(recipients.clients))
            .claim_map(Self::claims()))
    }

    fn example() -> Provider<Self> {
        Self::domain("acme.okta.com")
            .authorization_server("default")
            .audience("api://default")
            .client_id("uAaunofWkaDJxukCFeBx")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_core::IntoIssuer;

    #[test]
    fn what_is_no_custom_authorization_server_is_refused() {
        for (domain, server) in [
            ("acme.okta.com", ""),
            ("acme.okta.com", "../"),
            ("acme.okta.com", "https://acme.okta.com"),
            ("https://acme.okta.com", "default"),
            ("acme.okta.com/oauth2", "default"),
        ] {
            let okta = Okta::domain(domain).authorization_server(server).audience("api://default");
            assert!(okta.into_issuer().is_err(), "{domain} {server}");
        }
    }
}
