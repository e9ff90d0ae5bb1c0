//! Any OpenID provider.

#[cfg(feature = "fetch")]
use crate::http::discovery::ProviderMetadata;
#[cfg(feature = "fetch")]
use crate::http::url_policy::parse_url;
use crate::preset::docs::PresetDocs;
use crate::preset::environment::{Constructor, FromEnv, Setting, Variable};
#[cfg(feature = "fetch")]
use crate::preset::key_location::discovery_url;
use crate::preset::profile::Profile;
use crate::preset::provider::Provider;
use crate::preset::recipients::Recipients;
use crate::preset::traits::{IssuesBothKinds, Preset, TakesAudience, TakesClientId, sealed};
#[cfg(feature = "fetch")]
use countersign_core::FetchError;
use countersign_core::{Algorithms, Audience, ConfigError, TokenKind};
use serde::Deserialize;

/// Any OpenID provider: keys by discovery, access tokens for a named audience unless you ask for ID tokens.
///
/// # Example
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use countersign_core::Verifier;
/// use countersign_providers::Oidc;
///
/// let verifier = Verifier::builder()
///     .issuer(Oidc::issuer("https://idp.example.com").audience("https://api.example.com"))
///     .build()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Oidc {
    issuer: String,
    discovery: Option<String>,
    kind: TokenKind,
}

/// The standard claims of OpenID Connect (Core section 5.1) that most providers send.
///
/// # Example
///
/// ```
/// use countersign_providers::OidcClaims;
///
/// #[derive(serde::Deserialize)]
/// struct Staff {
///     #[serde(flatten)]
///     standard: OidcClaims,
///     department: Option<String>,
/// }
/// ```
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct OidcClaims {
    /// The subject, unique within the issuer.
    pub sub: String,
    /// The full name.
    pub name: Option<String>,
    /// The user's name at the provider. It can be reassigned to another user.
    pub preferred_username: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// True if the provider verified the address.
    pub email_verified: Option<bool>,
    /// The URL of a picture.
    pub picture: Option<String>,
}

impl Oidc {
    /// Selects the provider whose tokens carry exactly this `iss`, and whose discovery document is under it.
    ///
    /// A slash at the end counts: copy the issuer from the provider's discovery document.
    pub fn issuer(issuer: impl Into<String>) -> Provider<Self> {
        Provider::new(Self { issuer: issuer.into(), discovery: None, kind: TokenKind::access() })
    }
}

impl Provider<Oidc> {
    /// Sets the kind of access token that is accepted: [`TokenKind::access`] by default.
    pub fn kind(mut self, kind: TokenKind) -> Self {
        self.preset.kind = kind;
        self
    }

    /// Sets the URL of the discovery document, without `/.well-known/openid-configuration`, for a provider that does
    /// not publish it under its issuer. The document must still name the issuer.
    pub fn discovery_under(mut self, base: impl Into<String>) -> Self {
        self.preset.discovery = Some(base.into());
        self
    }

    /// Fetches the provider's discovery document once, for example to tell users where to log in. Keys are fetched
    /// without it.
    ///
    /// # Errors
    ///
    /// [`FetchError`] if the document cannot be fetched, or names another issuer.
    #[cfg(feature = "fetch")]
    pub async fn metadata(&self) -> Result<ProviderMetadata, FetchError> {
        let http = self.keys.fetching.http();
        let http = http.map_err(|error| FetchError::new("the HTTP client cannot be made", error))?;
        let base = self.preset.discovery.as_ref().unwrap_or(&self.preset.issuer);
        let url =
            parse_url(&discovery_url(base)).map_err(|problem| FetchError::new("the issuer is refused", problem))?;
        ProviderMetadata::fetch(&http, url, &self.preset.issuer).await
    }
}

impl sealed::Sealed for Oidc {}
impl IssuesBothKinds for Oidc {}

/// The audience is the value that the provider writes into `aud`.
impl TakesAudience for Oidc {}

impl TakesClientId for Oidc {}

impl Preset for Oidc {
    type Claims = OidcClaims;

    const DOCS: PresetDocs = PresetDocs {
        name: "Any OpenID provider",
        constructor: r#"Oidc::issuer("https://idp.example.com").audience("https://api.example.com")"#,
        console: "open ISSUER/.well-known/openid-configuration in a browser and configure its `issuer` exactly",
        quirks: &[
            "If a provider's ID tokens have no distinguishing claim, only the audience tells them from access tokens. If \
             it supports RFC 9068, require that: `.kind(TokenKind::rfc9068())`.",
        ],
        sources: &[
            "https://openid.net/specs/openid-connect-discovery-1_0.html",
            "https://www.rfc-editor.org/rfc/rfc9068",
        ],
    };

    const FROM_ENV: FromEnv<Self> = FromEnv {
        constructor: Constructor::One(
            Variable::required("OIDC_ISSUER", "the issuer, exactly as its discovery document writes it"),
            Self::issuer,
        ),
        settings: &[Setting::Each(
            Variable::required(
                "OIDC_AUDIENCE",
                "the audience that the provider writes into `aud` for this API, or several separated by commas",
            ),
            Provider::audience,
        )],
    };

    fn profile(self, recipients: Recipients) -> Result<Profile, ConfigError> {
        let profile = match &self.discovery {
            None => Profile::discovered(self.issuer)?,
            Some(base) => Profile::discovered_at(self.issuer, base)?,
        };
        Ok(profile
            .access(self.kind, Audience::any_of(recipients.audiences))
            .id(TokenKind::id(), Audience::client(recipients.clients))
            .algorithms(Algorithms::default().iter()))
    }

    fn example() -> Provider<Self> {
        Self::issuer("https://idp.example.com").audience("https://api.example.com").client_id("example-client")
    }
}
