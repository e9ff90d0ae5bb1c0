//! Authentik.

use crate::preset::docs::PresetDocs;
use crate::preset::environment::{Constructor, FromEnv, Setting, Variable};
use crate::preset::profile::Profile;
use crate::preset::provider::Provider;
use crate::preset::recipients::Recipients;
use crate::preset::traits::{IssuesBothKinds, Preset, TakesClientId, sealed};
use crate::preset::url_parts::{host, segment};
use countersign_core::{Algorithm, Audience, ClaimMap, ClaimRule, ConfigError, TokenKind};
use serde::Deserialize;

/// Authentik: access tokens of an application's provider unless you ask for ID tokens.
///
/// Its access token is the ID token, including the `nonce`, with `azp` and `uid` added. Both have the client as their
/// audience. Only these two claims tell them apart
/// (<https://github.com/goauthentik/authentik/blob/main/authentik/providers/oauth2/id_token.py>).
///
/// # Example
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use countersign_core::Verifier;
/// use countersign_providers::Authentik;
///
/// let verifier = Verifier::builder()
///     .issuer(Authentik::application("auth.example.com", "my-app").client_id("example-client"))
///     .build()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Authentik {
    host: String,
    application: String,
    is_global: bool,
}

/// The claims of an Authentik token. Use them as they are, or `#[serde(flatten)]` them into your own.
///
/// # Example
///
/// ```
/// use countersign_providers::AuthentikClaims;
///
/// #[derive(serde::Deserialize)]
/// struct Staff {
///     #[serde(flatten)]
///     authentik: AuthentikClaims,
///     #[serde(default)]
///     entitlements: Vec<String>,
/// }
/// ```
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct AuthentikClaims {
    /// The subject: a hash of the user's id by default, depending on the provider's subject mode.
    pub sub: String,
    /// The client that asked for the token, in access tokens.
    pub azp: Option<String>,
    /// The full name.
    pub name: Option<String>,
    /// The log-in name.
    pub preferred_username: Option<String>,
    /// The names of the user's groups.
    #[serde(default)]
    pub groups: Vec<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// True if the address was verified: `false` for every user unless a scope mapping changes it.
    pub email_verified: Option<bool>,
}

impl Authentik {
    /// Selects the application of this slug, at a host such as `auth.example.com`.
    pub fn application(host: impl Into<String>, slug: impl Into<String>) -> Provider<Self> {
        Provider::new(Self { host: host.into(), application: slug.into(), is_global: false })
    }
}

impl Provider<Authentik> {
    /// Expects the issuer mode "Same identifier is used for all providers", in which the issuer is the host alone.
    pub fn global_issuer(mut self) -> Self {
        self.preset.is_global = true;
        self
    }
}

impl sealed::Sealed for Authentik {}
impl IssuesBothKinds for Authentik {}

/// The client is required for access tokens as well as for ID tokens.
impl TakesClientId for Authentik {}

impl Preset for Authentik {
    type Claims = AuthentikClaims;

    const DOCS: PresetDocs = PresetDocs {
        name: "Authentik",
        constructor: r#"Authentik::application("auth.example.com", "my-app").client_id("example-client")"#,
        console: "authentik Admin interface > Applications > Providers > your provider (Client ID, OpenID Configuration Issuer, \
                  JWKS URL); Edit > Signing Key; Advanced protocol settings (Include claims in id_token, Issuer mode)",
        quirks: &[
            "The issuer ends in a slash.",
            "Access tokens carry the `nonce` of the log-in and the audience of the client. Only `azp` and `uid` tell them \
             from ID tokens: do not add these by a property mapping.",
            "A provider with the issuer mode \"Same identifier is used for all providers\" needs `.global_issuer()`.",
            "A provider without a signing key signs with its client's secret (HS256), which is refused: choose a signing \
             key. A provider with an encryption key encrypts its tokens, which are refused as `not_compact`: remove it.",
            "Names, e-mail address and groups are in the token only with \"Include claims in id_token\".",
            "With a subject mode that uses the user's name or e-mail address, a subject can be reassigned to another user.",
            "No claim identifies a service account's token: `principal.is_machine()` is false for it.",
        ],
        sources: &[
            "https://github.com/goauthentik/authentik/blob/main/authentik/providers/oauth2/id_token.py",
            "https://github.com/goauthentik/authentik/blob/main/authentik/providers/oauth2/models.py",
            "https://github.com/goauthentik/authentik/blob/main/authentik/providers/oauth2/views/token.py",
        ],
    };

    const FROM_ENV: FromEnv<Self> = FromEnv {
        constructor: Constructor::Two(
            Variable::required("AUTHENTIK_HOST", "the host, such as `auth.example.com`"),
            Variable::required("AUTHENTIK_APPLICATION", "the application's slug"),
            Self::application,
        ),
        settings: &[Setting::Each(
            Variable::required("AUTHENTIK_CLIENT_ID", "the provider's client id, or several separated by commas"),
            Provider::client_id,
        )],
    };

    fn profile(self, recipients: Recipients) -> Result<Profile, ConfigError> {
        let host = host("Authentik host", &self.host, "it looks like `auth.example.com`")?;
        let slug = segment("slug of an application", &self.application, "it looks like `my-app`")?;
        let application = format!("https://{host}/application/o/{slug}/");
        let keys = format!("{application}jwks/");
        let iss = if self.is_global { format!("https://{host}/") } else { application };
        // The `nonce` is in both kinds (`IDToken.to_access_token` in id_token.py).
        let access = TokenKind::access()
            .allow_claim("nonce")
            .require(ClaimRule::present("azp"))
            .require(ClaimRule::present("uid"));
        let id = TokenKind::id().require(ClaimRule::absent("azp")).require(ClaimRule::absent("uid"));
        Ok(Profile::with_keys_at(iss, &keys)?
            .algorithms([Algorithm::RS256, Algorithm::ES256])
            .access(access, Audience::any_of(recipients.clients.clone()))
            .id(id, Audience::client(recipients.clients))
            .claim_map(ClaimMap::default().machine([])))
    }

    fn example() -> Provider<Self> {
        Self::application("auth.example.com", "my-app").client_id("example-client")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_core::IntoIssuer;

    #[test]
    fn what_leads_elsewhere_is_refused() {
        for (host, slug) in
            [("https://auth.example.com", "app"), ("auth.example.com", "a/b"), ("auth.example.com", "..")]
        {
            assert!(Authentik::application(host, slug).client_id("c").into_issuer().is_err(), "{host} {slug}");
        }
    }

    #[test]
    fn the_keys_are_the_applications_whatever_the_issuer() {
        let own = Authentik::application("auth.example.com", "app").profile().unwrap();
        let global = Authentik::application("auth.example.com", "app").global_issuer().profile().unwrap();
        assert_eq!(
            (&*own.iss, &*global.iss),
            ("https://auth.example.com/application/o/app/", "https://auth.example.com/")
        );
        assert_eq!(format!("{:?}", own.keys), format!("{:?}", global.keys));
    }
}
