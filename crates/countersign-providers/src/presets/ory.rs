//! Ory Network and self-hosted Ory Hydra.

use crate::preset::docs::PresetDocs;
use crate::preset::environment::{Constructor, FromEnv, Setting, Variable};
use crate::preset::profile::Profile;
use crate::preset::provider::Provider;
use crate::preset::recipients::Recipients;
use crate::preset::traits::{IssuesBothKinds, Preset, TakesAudience, TakesClientId, sealed};
use crate::preset::url_parts::segment;
use countersign_core::{Algorithm, Audience, ClaimMap, ClaimPath, ClaimRule, ConfigError, TokenKind};
use serde::Deserialize;
use std::fmt;

/// Ory: access tokens of OAuth clients unless you ask for ID tokens, or for tokenized sessions.
///
/// Access tokens are opaque unless the project or the client asks for JWTs
/// (<https://www.ory.sh/docs/oauth2-oidc/jwt-access-token>). One key set signs them and ID tokens. Access tokens name
/// the client in `client_id`. ID tokens do not.
///
/// # Example
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use countersign_core::Verifier;
/// use countersign_providers::Ory;
///
/// let verifier = Verifier::builder()
///     .issuer(Ory::project("relaxed-turing-abc123").audience("https://api.acme.example"))
///     .build()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Ory {
    source: Source,
    tokens: Tokens,
    issued_to: Vec<String>,
}

#[derive(Clone, Debug)]
enum Source {
    Project(String),
    Issuer(String),
}

#[derive(Clone)]
enum Tokens {
    OAuth,
    Sessions { jwks_url: String },
}

impl fmt::Debug for Tokens {
    /// Omits the URL, which may contain a credential for a bucket.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OAuth => "OAuth",
            Self::Sessions { .. } => "Sessions",
        })
    }
}

/// The claims of an Ory token. Use them as they are, or `#[serde(flatten)]` them into your own.
///
/// # Example
///
/// ```
/// use countersign_providers::OryClaims;
///
/// fn department(claims: &OryClaims) -> Option<&str> {
///     claims.ext.get("department")?.as_str()
/// }
/// ```
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct OryClaims {
    /// The user's id. In a client credentials token, the client's id.
    pub sub: String,
    /// The client that asked for the token, in access tokens.
    pub client_id: Option<String>,
    /// The session, in ID tokens and in tokenized sessions.
    pub sid: Option<String>,
    /// Your own claims.
    #[serde(default)]
    pub ext: serde_json::Map<String, serde_json::Value>,
}

impl Ory {
    /// Selects the project of Ory Network with this slug, such as `relaxed-turing-abc123`.
    pub fn project(slug: impl Into<String>) -> Provider<Self> {
        Self::new(Source::Project(slug.into()))
    }

    /// Selects the issuer, exactly as its discovery document writes it: self-hosted Ory Hydra (`urls.self.issuer`), or
    /// a project with its own domain.
    pub fn issuer(iss: impl Into<String>) -> Provider<Self> {
        Self::new(Source::Issuer(iss.into()))
    }

    fn new(source: Source) -> Provider<Self> {
        Provider::new(Self { source, tokens: Tokens::OAuth, issued_to: Vec::new() })
    }

    /// Gives the claim map of Ory: the claims that hold scopes, roles and the like. Change it and pass it to
    /// [`claim_map`](Provider::claim_map). Your own claims are under `ext`, and also at the top level if the project
    /// mirrors them.
    pub fn claims() -> ClaimMap {
        let custom = |name| [ClaimPath::from(["ext", name]), ClaimPath::from(name)];
        ClaimMap::default().groups(custom("groups")).roles(custom("roles")).permissions(custom("permissions"))
    }
}

impl Provider<Ory> {
    /// Accepts the access tokens that were issued to this client, even for another API. Call it again for further
    /// clients.
    ///
    /// # Security
    ///
    /// A token that the client got for another API is accepted here, too. If you can, let clients ask for an audience
    /// and configure that.
    pub fn issued_to(mut self, client: impl Into<String>) -> Self {
        self.preset.issued_to.push(client.into());
        self
    }

    /// Accepts tokenized sessions (`tokenize_as`) instead of access tokens. They are signed with your own keys, not
    /// with the project's: serve the public half of the template's key set (`ory get jwk --public`) and give its URL
    /// here. You can give its text to [`jwks`](Self::jwks) as well
    /// (<https://www.ory.sh/docs/identities/session-to-jwt-cors>).
    ///
    /// # Security
    ///
    /// These tokens have no audience unless the template's mapper adds one, so every token that these keys sign is
    /// accepted. Use a key set for this API only, or name the [`audience`](Self::audience).
    pub fn tokenized_sessions(mut self, jwks_url: impl Into<String>) -> Self {
        self.preset.tokens = Tokens::Sessions { jwks_url: jwks_url.into() };
        self
    }
}

impl sealed::Sealed for Ory {}
impl IssuesBothKinds for Ory {}

/// The audience is the API that access tokens are for.
impl TakesAudience for Ory {}

impl TakesClientId for Ory {}

impl Preset for Ory {
    type Claims = OryClaims;

    const DOCS: PresetDocs = PresetDocs {
        name: "Ory",
        constructor: r#"Ory::project("relaxed-turing-abc123").audience("https://api.acme.example")"#,
        console: "Ory Console > your project > Project settings > Overview (slug); OAuth 2 > Configuration (Access token type: \
                  jwt)",
        quirks: &[
            "Access tokens are opaque (`ory_at_..`) unless the project's or the client's access token strategy is `jwt`. \
             Opaque tokens are refused as `not_compact`.",
            "A client that asks for no audience gets an empty `aud`. `.issued_to(..)` accepts such tokens by their client.",
            "Scopes are in `scope` or `scp`, as a text or a list, depending on the project. All four forms are read.",
            "Your own claims are under `ext`, and possibly at the top level as well.",
            "Tokenized sessions are signed with your own keys, usually have no audience, and need \
             `.tokenized_sessions(..)`. If a mapper changes `iss`, use `Ory::issuer(..)`.",
        ],
        sources: &[
            "https://www.ory.sh/docs/oauth2-oidc/jwt-access-token",
            "https://www.ory.sh/docs/oauth2-oidc/claims-scope",
            "https://www.ory.sh/docs/identities/session-to-jwt-cors",
        ],
    };

    const FROM_ENV: FromEnv<Self> = FromEnv {
        constructor: Constructor::One(
            Variable::required("ORY_PROJECT_SLUG", "the project's slug, such as `relaxed-turing-abc123`"),
            Self::project,
        ),
        settings: &[Setting::Each(
            Variable::required("ORY_AUDIENCE", "the API's audience, or several separated by commas"),
            Provider::audience,
        )],
    };

    fn profile(self, recipients: Recipients) -> Result<Profile, ConfigError> {
        let iss = match &self.source {
            Source::Issuer(iss) => iss.clone(),
            Source::Project(slug) => {
                let slug = segment("Ory project slug", slug, "it looks like `relaxed-turing-abc123`")?;
                format!("https://{slug}.projects.oryapis.com")
            }
        };
        let profile = match self.tokens {
            Tokens::OAuth => {
                let mut profile = match self.source {
                    Source::Project(_) => Profile::with_keys_at(iss.clone(), &format!("{iss}/.well-known/jwks.json"))?,
                    Source::Issuer(iss) => Profile::discovered(iss)?,
                };
                let access = TokenKind::access().require(ClaimRule::present("client_id"));
                if !recipients.audiences.is_empty() || self.issued_to.is_empty() {
                    profile = profile.access(access.clone(), Audience::any_of(recipients.audiences));
                }
                if !self.issued_to.is_empty() {
                    profile = profile.access(access, Audience::claim("client_id", self.issued_to));
                }
                let id =
                    TokenKind::id().require(ClaimRule::absent("client_id")).require(ClaimRule::present("auth_time"));
                profile.id(id, Audience::client(recipients.clients))
            }
            Tokens::Sessions { jwks_url } => {
                let session =
                    TokenKind::access().require(ClaimRule::present("sid")).require(ClaimRule::absent("client_id"));
                // Ory's ID tokens have a `sid`, too, but also the time of the request.
                let session = session.require(ClaimRule::absent("rat"));
                let profile = Profile::with_keys_at(iss, &jwks_url)?.algorithms([Algorithm::ES256, Algorithm::RS256]);
                if recipients.audiences.is_empty() {
                    profile.access(session.require(ClaimRule::absent("aud")), Audience::whole_issuer())
                } else {
                    profile.access(session, Audience::any_of(recipients.audiences))
                }
            }
        };
        Ok(profile.claim_map(Self::claims()))
    }

    fn example() -> Provider<Self> {
        Self::project("relaxed-turing-abc123").audience("https://api.acme.example").client_id("example-client")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset::profile::Accepted;
    use countersign_core::IntoIssuer;

    #[track_caller]
    fn assert_audiences(provider: Provider<Ory>, expected: &[&str]) {
        let profile = provider.profile().unwrap();
        let audiences: Vec<String> =
            profile.forms(Accepted::Usual).iter().map(|form| form.audience.to_string()).collect();
        assert_eq!(audiences, expected);
    }

    #[test]
    fn what_is_no_slug_is_refused() {
        for slug in ["", "a.b", "https://a.projects.oryapis.com", "a/b"] {
            assert!(Ory::project(slug).audience("a").into_issuer().is_err(), "{slug}");
        }
    }

    #[test]
    fn a_client_takes_the_place_of_an_audience_only_when_asked() {
        let project = || Ory::project("p");
        assert_audiences(project().audience("a").client_id("c"), &["`aud` is or holds `a`"]);
        assert_audiences(project().issued_to("c"), &["`client_id` is `c`"]);
        assert_audiences(project().audience("a").issued_to("c"), &["`aud` is or holds `a`", "`client_id` is `c`"]);
        assert_audiences(project().client_id("c"), &["`aud` is or holds "]);
    }

    #[test]
    fn sessions_have_their_own_keys() {
        let sessions = Ory::project("p").tokenized_sessions("https://keys.acme.example/sessions.json");
        let profile = sessions.clone().profile().unwrap();
        assert!(format!("{:?}", profile.keys).contains("keys.acme.example"), "{:?}", profile.keys);
        assert_audiences(sessions.clone(), &["every token of this issuer"]);
        assert_audiences(sessions.audience("a"), &["`aud` is or holds `a`"]);
        assert!(Ory::project("p").tokenized_sessions("http://keys.acme.example").into_issuer().is_err());
    }
}
