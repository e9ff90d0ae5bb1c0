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
/// Its access token is the ID token with `azp` and `uid` added, `nonce` included, and both are for the client: these two claims
/// are all that tells them apart
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
    /// The subject: a hash of the user's id, unless the provider's subject mode says otherwise.
    pub sub: String,
    /// The client that asked for the token, in access tokens.
    pub azp: Option<String>,
    /// The full name.
    pub name: Option<String>,
    /// The name that the user logs in with.
    pub preferred_username: Option<String>,
    /// The names of the user's groups.
    #[serde(default)]
    pub groups: Vec<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// Whether the address was verified: `false` for everybody unless a scope mapping says more.
    pub email_verified: Option<bool>,
}

impl Authentik {
    /// The application of this slug, at a host such as `auth.example.com`.
    pub fn application(host: impl Into<String>, slug: impl Into<String>) -> Provider<Self> {
        Provider::new(Self { host: host.into(), application: slug.into(), is_global: false })
    }
}

impl Provider<Authentik> {
    /// The provider's issuer mode is "Same identifier is used for all providers": the issuer is the host alone.
    pub fn global_issuer(mut self) -> Self {
        self.preset.is_global = true;
        self
    }
}

impl sealed::Sealed for Authentik {}
impl IssuesBothKinds for Authentik {}

/// The client whose tokens are accepted. Call it again for further ones.
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
            "Access tokens carry the `nonce` of the log-in and the audience of the client. They are told from ID tokens by `azp` \
             and `uid`: let no property mapping add these.",
            "A provider whose issuer mode is the same for all providers needs `.global_issuer()`.",
            "A provider without signing key signs with its client's secret (HS256), which is refused: choose a signing key. One \
             with an encryption key encrypts, which is refused as `not_compact`: remove it.",
            "Names, e-mail address and groups are in the token only with \"Include claims in id_token\".",
            "A subject mode that takes the user's name or e-mail address makes a subject that can change hands.",
            "A service account's token has no mark of its own: `principal.is_machine()` is false for it.",
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
