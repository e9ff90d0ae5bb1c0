//! Sign in with Google.

use crate::preset::docs::PresetDocs;
use crate::preset::environment::{Constructor, FromEnv, Setting, Variable};
use crate::preset::profile::Profile;
use crate::preset::provider::Provider;
use crate::preset::recipients::Recipients;
use crate::preset::traits::{Preset, TakesClientId, sealed};
use countersign_core::{Audience, ClaimMap, ClaimRule, ConfigError, ServiceAccountRule, TokenKind};
use serde::Deserialize;

/// Google: ID tokens of Google sign-in. Its access tokens are opaque and cannot be verified.
///
/// They name the issuer in two ways, `https://accounts.google.com` and `accounts.google.com`. The principal has one
/// issuer for both (<https://developers.google.com/identity/gsi/web/guides/verify-google-id-token>).
///
/// # Example
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use countersign_core::Verifier;
/// use countersign_providers::Google;
///
/// let verifier = Verifier::builder()
///     .issuer(Google::client_id("1234987819200.apps.googleusercontent.com").hosted_domain("example.com"))
///     .build()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Google {
    domains: Vec<String>,
}

/// The claims of a Google ID token. Use them as they are, or `#[serde(flatten)]` them into your own.
///
/// # Example
///
/// ```
/// use countersign_providers::GoogleClaims;
///
/// /// The address, if Google vouches for it: of Gmail, or of a hosted domain
/// /// (<https://developers.google.com/identity/gsi/web/guides/verify-google-id-token>).
/// fn email(claims: &GoogleClaims) -> Option<&str> {
///     let email = claims.email.as_deref()?;
///     let is_hosted = claims.email_verified == Some(true) && claims.hd.is_some();
///     (is_hosted || email.ends_with("@gmail.com")).then_some(email)
/// }
/// ```
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct GoogleClaims {
    /// The account's id. It is never reassigned.
    pub sub: String,
    /// The client that asked for the token. In a service account's token, the service account itself.
    pub azp: Option<String>,
    /// The hosted domain of the user's organisation.
    pub hd: Option<String>,
    /// The full name.
    pub name: Option<String>,
    /// The e-mail address. It can change, and Google vouches for some addresses only: see the example.
    pub email: Option<String>,
    /// True if Google verified the address at some time in the past.
    pub email_verified: Option<bool>,
    /// The URL of a picture.
    pub picture: Option<String>,
}

impl Google {
    /// Accepts tokens of the client that users sign in to, such as `1234987819200.apps.googleusercontent.com`.
    ///
    /// # Security
    ///
    /// Anyone can have a Google account. [`hosted_domain`](Provider::hosted_domain) restricts access to your
    /// organisation.
    pub fn client_id(client: impl Into<String>) -> Provider<Self> {
        Self::new().client_id(client)
    }

    fn new() -> Provider<Self> {
        Provider::new(Self { domains: Vec::new() })
    }
}

impl Provider<Google> {
    /// Accepts only users of this organisation, by the domain in `hd`. Call it again for further domains.
    pub fn hosted_domain(mut self, domain: impl Into<String>) -> Self {
        self.preset.domains.push(domain.into());
        self
    }
}

impl sealed::Sealed for Google {}

/// Each call adds a further client, such as that of a mobile app.
impl TakesClientId for Google {}

impl Preset for Google {
    type Claims = GoogleClaims;

    const DOCS: PresetDocs = PresetDocs {
        name: "Google",
        constructor: r#"Google::client_id("1234987819200.apps.googleusercontent.com").hosted_domain("example.com")"#,
        console: "Google Cloud console > APIs & Services > Credentials > OAuth 2.0 Client IDs > your client (Client ID)",
        quirks: &[
            "Access tokens are opaque (`ya29.…`) and refused as `not_compact`. Send the ID token.",
            "`https://accounts.google.com` and `accounts.google.com` are one issuer.",
            "Without `.hosted_domain(..)`, every Google account is accepted. The domain of an e-mail address does not \
             prove the organisation: `hd` does.",
            "Google vouches for an e-mail address that ends in `@gmail.com`, or that comes with `email_verified` and `hd`. \
             Any other address may have a new owner since it was verified: identify users by `sub`.",
            "Any service account can get a token for any audience, including your client. The token has no `hd`, and \
             `principal.is_machine()` is true.",
        ],
        sources: &[
            "https://developers.google.com/identity/gsi/web/guides/verify-google-id-token",
            "https://developers.google.com/identity/sign-in/web/backend-auth",
            "https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateIdToken",
        ],
    };

    const FROM_ENV: FromEnv<Self> = FromEnv {
        constructor: Constructor::Nothing(Self::new),
        settings: &[
            Setting::Each(
                Variable::required("GOOGLE_CLIENT_ID", "the client id, or several separated by commas"),
                Provider::client_id,
            ),
            Setting::Each(
                Variable::optional("GOOGLE_HOSTED_DOMAIN", "the organisation's domain, or several separated by commas"),
                Provider::hosted_domain,
            ),
        ],
    };

    fn profile(self, recipients: Recipients) -> Result<Profile, ConfigError> {
        let keys = "https://www.googleapis.com/oauth2/v3/certs";
        let profile = Profile::with_keys_at("https://accounts.google.com", keys)?
            .also_named("accounts.google.com")
            .id(TokenKind::id(), Audience::client(recipients.clients))
            .claim_map(ClaimMap::default().tenant(["hd"]).machine([ServiceAccountRule::SubjectIs("azp")]));
        Ok(if self.domains.is_empty() { profile } else { profile.rule(ClaimRule::one_of("hd", self.domains)) })
    }

    fn example() -> Provider<Self> {
        Self::client_id("1234987819200.apps.googleusercontent.com").hosted_domain("example.com")
    }
}
