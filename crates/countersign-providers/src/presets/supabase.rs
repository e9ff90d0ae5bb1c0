//! Supabase Auth.

use crate::preset::docs::PresetDocs;
use crate::preset::environment::{Constructor, FromEnv, Variable};
use crate::preset::profile::Profile;
use crate::preset::provider::Provider;
use crate::preset::recipients::Recipients;
use crate::preset::traits::{IssuesBothKinds, Preset, TakesClientId, sealed};
use crate::preset::url_parts::segment;
use countersign_core::{Algorithm, Audience, ClaimMap, ClaimRule, ConfigError, TokenKind};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Supabase Auth: access tokens of a project's sessions unless you ask for ID tokens.
///
/// A project that is itself an OAuth server signs tokens for third-party clients with the same key and audience. They
/// name the client in `client_id` (<https://supabase.com/docs/guides/auth/oauth-server/token-security>). They are
/// refused unless [`client_id`](Provider::client_id) names the client.
///
/// # Security
///
/// Every session of the project is accepted, whether it began with a recovery link, a magic link or a password. `amr`
/// names the method, and a [rule](Provider::rule) on `aal` can require a second factor.
///
/// # Example
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use countersign_core::Verifier;
/// use countersign_providers::Supabase;
///
/// let verifier = Verifier::builder()
///     .issuer(Supabase::project("abcdefghijklmnopqrst").without_anonymous())
///     .build()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Supabase {
    project: String,
}

/// The claims of a Supabase token. Use them as they are, or `#[serde(flatten)]` them into your own.
///
/// `user_metadata` is left out: users edit it themselves.
///
/// # Example
///
/// ```
/// use countersign_providers::SupabaseClaims;
///
/// fn plan(claims: &SupabaseClaims) -> Option<&str> {
///     // Only the project's own servers write `app_metadata`.
///     claims.app_metadata.get("plan")?.as_str()
/// }
/// ```
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct SupabaseClaims {
    /// The user's id, a UUID.
    pub sub: String,
    /// The user's role in PostgreSQL, such as `authenticated`. Absent in ID tokens.
    pub role: Option<String>,
    /// The session. Absent in ID tokens.
    pub session_id: Option<String>,
    /// `aal1`, or `aal2` after a second factor.
    pub aal: Option<String>,
    /// The e-mail address. Empty for a user without one.
    pub email: Option<String>,
    /// The telephone number. Empty for a user without one.
    pub phone: Option<String>,
    /// True if the user signed in anonymously.
    #[serde(default)]
    pub is_anonymous: bool,
    /// The OAuth client, in tokens that were issued to one.
    pub client_id: Option<String>,
    /// Data that only the project's own servers write.
    #[serde(default)]
    pub app_metadata: Map<String, Value>,
}

impl Supabase {
    /// Selects the project of this reference, the first label of its URL: `https://REFERENCE.supabase.co`.
    pub fn project(reference: impl Into<String>) -> Provider<Self> {
        Provider::new(Self { project: reference.into() })
    }

    /// Gives the claim map of Supabase: the claims that hold roles and the like. Change it and pass it to
    /// [`claim_map`](Provider::claim_map). `role` is a role of PostgreSQL, the same for all users. So the roles of an
    /// application are read from `app_metadata`, which users cannot write.
    pub fn claims() -> ClaimMap {
        let custom = |name| [["app_metadata", name]];
        ClaimMap::default()
            .groups(custom("groups"))
            .roles(custom("roles"))
            .permissions(custom("permissions"))
            .machine([])
    }
}

impl Provider<Supabase> {
    /// Refuses users who signed in anonymously, which some projects allow.
    pub fn without_anonymous(self) -> Self {
        self.rule(ClaimRule::unset("is_anonymous"))
    }
}

/// Makes the kind of access tokens. Both claims are in every access token, even with a Custom Access Token hook, and in
/// no ID token (<https://supabase.com/docs/guides/auth/jwt-fields>).
fn access() -> TokenKind {
    TokenKind::access().require(ClaimRule::present("role")).require(ClaimRule::present("session_id"))
}

impl sealed::Sealed for Supabase {}
impl IssuesBothKinds for Supabase {}

/// The client belongs to the project's own OAuth server. Its access tokens are accepted in addition to those of
/// sessions.
impl TakesClientId for Supabase {}

impl Preset for Supabase {
    type Claims = SupabaseClaims;

    const DOCS: PresetDocs = PresetDocs {
        name: "Supabase Auth",
        constructor: r#"Supabase::project("abcdefghijklmnopqrst").client_id("9a8b7c6d-5e4f-3a2b-1c0d-9e8f7a6b5c4d").without_anonymous()"#,
        console: "Supabase Dashboard > your project > Project Settings > General (Reference ID); JWT Keys (the signing key must \
                  be asymmetric, ECC or RSA)",
        quirks: &[
            "A project that still signs with its shared secret (HS256) has no public key: change to an asymmetric signing key.",
            "Every user of the project has the audience `authenticated`: the issuer tells projects apart.",
            "Users can edit `user_metadata`: nothing is read from it. Roles, groups and permissions are read from \
             `app_metadata`; `role` is PostgreSQL's.",
            "A user who has not presented a second factor yet has a token, too. `.rule(ClaimRule::is(\"aal\", \"aal2\"))` \
             refuses it, and refuses users without a second factor.",
            "A session that began with a password recovery or e-mail confirmation link is marked only in `amr`, and is \
             accepted. If that matters, require `aal2` or check `amr`.",
            "Anonymous users are accepted like others, with `is_anonymous`: `.without_anonymous()` refuses them.",
            "Tokens that the project's OAuth server issued to a client name it in `client_id`, under the same audience. They are \
             refused unless `.client_id(..)` names the client.",
            "The keys `anon` and `service_role` are tokens of the issuer `supabase`. They are refused.",
        ],
        sources: &[
            "https://supabase.com/docs/guides/auth/jwt-fields",
            "https://supabase.com/docs/guides/auth/jwts",
            "https://supabase.com/docs/guides/auth/oauth-server/token-security",
            "https://supabase.com/docs/guides/auth/oauth-server/getting-started",
        ],
    };

    const FROM_ENV: FromEnv<Self> = FromEnv {
        constructor: Constructor::One(
            Variable::required("SUPABASE_PROJECT_REF", "the project's reference, 20 letters"),
            Self::project,
        ),
        settings: &[],
    };

    fn profile(self, recipients: Recipients) -> Result<Profile, ConfigError> {
        let project = segment("Supabase project reference", &self.project, "it looks like `abcdefghijklmnopqrst`")?;
        let iss = format!("https://{project}.supabase.co/auth/v1");
        let keys = format!("{iss}/.well-known/jwks.json");
        let audience = Audience::any_of(["authenticated"]);
        let mut profile = Profile::with_keys_at(iss, &keys)?
            .algorithms([Algorithm::ES256, Algorithm::RS256])
            .access(access().require(ClaimRule::absent("client_id")), audience.clone())
            .claim_map(Self::claims());
        if !recipients.clients.is_empty() {
            profile =
                profile.access(access().require(ClaimRule::one_of("client_id", recipients.clients.clone())), audience);
        }
        let id = TokenKind::id().require(ClaimRule::absent("role")).require(ClaimRule::absent("session_id"));
        Ok(profile.id(id, Audience::client(recipients.clients)))
    }

    fn example() -> Provider<Self> {
        Self::project("abcdefghijklmnopqrst").client_id("9a8b7c6d-5e4f-3a2b-1c0d-9e8f7a6b5c4d").without_anonymous()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_core::IntoIssuer;

    #[test]
    fn what_is_no_reference_is_refused() {
        for reference in ["", "https://abc.supabase.co", "abc.supabase.co", "abc/", "evil.example/#"] {
            assert!(Supabase::project(reference).into_issuer().is_err(), "{reference}");
        }
    }
}
