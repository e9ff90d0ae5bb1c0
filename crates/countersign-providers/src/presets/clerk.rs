//! Clerk.

use crate::preset::docs::PresetDocs;
use crate::preset::environment::{Constructor, FromEnv, Setting, Variable};
use crate::preset::profile::Profile;
use crate::preset::provider::Provider;
use crate::preset::recipients::Recipients;
use crate::preset::traits::{Preset, TakesAudience, sealed};
use crate::preset::url_parts::host;
use countersign_core::{Audience, ClaimMap, ClaimPath, ClaimRule, ConfigError, TokenKind};
use serde::Deserialize;

/// Clerk: session tokens of an instance.
///
/// They have no `aud`, but name the origin that they were made for in `azp`. A session with unfinished tasks has `sts:
/// pending` and is refused (<https://clerk.com/docs/guides/sessions/session-tokens>).
///
/// # Example
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use countersign_core::Verifier;
/// use countersign_providers::Clerk;
///
/// let verifier = Verifier::builder()
///     .issuer(Clerk::frontend_api("clerk.example.com").authorized_party("https://app.example.com"))
///     .build()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Clerk {
    host: String,
    parties: Vec<String>,
}

/// The claims of a Clerk session token, of version 1 or 2. Use them as they are, or `#[serde(flatten)]` them into your
/// own.
///
/// # Example
///
/// ```
/// use countersign_providers::ClerkClaims;
///
/// fn may_manage_teams(claims: &ClerkClaims) -> bool {
///     claims.permissions().iter().any(|permission| permission == "org:teams:manage")
/// }
/// ```
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct ClerkClaims {
    /// The user's id, such as `user_123`.
    pub sub: String,
    /// The session.
    pub sid: String,
    /// The origin that the token was made for.
    pub azp: Option<String>,
    /// The active organisation, in version 2.
    pub o: Option<ClerkOrganization>,
    /// Features, in version 2, separated by commas: `o:` marks features of the organisation, `u:` those of the user.
    pub fea: Option<String>,
    /// The plan, in version 2: `o:pro`, `u:free`.
    pub pla: Option<String>,
    /// The organisation's id, in version 1.
    pub org_id: Option<String>,
    /// The organisation's slug, in version 1.
    pub org_slug: Option<String>,
    /// The role in the organisation, in version 1: `org:admin`.
    pub org_role: Option<String>,
    /// The permissions in the organisation, in version 1. [`permissions`](Self::permissions) reads both versions.
    #[serde(default)]
    pub org_permissions: Vec<String>,
    /// The person who acts in the user's place.
    pub act: Option<ClerkActor>,
}

/// The organisation of a Clerk session token of version 2.
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct ClerkOrganization {
    /// Its id, such as `org_123`.
    pub id: String,
    /// Its slug.
    pub slg: Option<String>,
    /// The user's role, without `org:`.
    pub rol: Option<String>,
    /// The names of permissions, separated by commas.
    pub per: Option<String>,
    /// The granted names for each feature of the organisation: a number whose lowest bit means the first name.
    pub fpm: Option<String>,
}

/// The person who acts in the place of a Clerk user.
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct ClerkActor {
    /// The actor's id.
    pub sub: String,
}

impl ClerkClaims {
    /// The permissions in the active organisation, such as `org:teams:manage`.
    ///
    /// Version 2 packs them (<https://clerk.com/docs/guides/sessions/session-tokens>). Malformed parts grant nothing,
    /// and neither do names after the 128th.
    pub fn permissions(&self) -> Vec<String> {
        match &self.o {
            None => self.org_permissions.clone(),
            Some(organization) => organization.permissions(self.fea.as_deref().unwrap_or_default()).unwrap_or_default(),
        }
    }
}

impl ClerkOrganization {
    /// `None` if a part is missing, or a feature has no scope.
    fn permissions(&self, features: &str) -> Option<Vec<String>> {
        let (per, fpm) = (self.per.as_deref()?, self.fpm.as_deref()?);
        let features: Vec<(&str, &str)> =
            features.split(',').map(|feature| feature.trim().split_once(':')).collect::<Option<_>>()?;
        // The scope is `o`, `u`, or both letters. Numbers refer to the organisation's features only.
        let of_organization = features.into_iter().filter(|(scope, _)| scope.contains('o'));
        let mut permissions = Vec::new();
        for ((_, feature), bits) in of_organization.zip(fpm.split(',')) {
            let bits: u128 = bits.trim().parse().unwrap_or(0);
            let granted = per.split(',').take(128).enumerate().filter(|(index, _)| bits >> index & 1 == 1);
            let names = granted.map(|(_, name)| name.trim()).filter(|name| !name.is_empty());
            permissions.extend(names.map(|name| format!("org:{feature}:{name}")));
        }
        Some(permissions)
    }
}

impl Clerk {
    /// Selects the instance with this host in its Frontend API URL: `clerk.example.com`, or
    /// `verb-noun-00.clerk.accounts.dev`.
    pub fn frontend_api(host: impl Into<String>) -> Provider<Self> {
        Provider::new(Self { host: host.into(), parties: Vec::new() })
    }

    /// Gives the claim map of Clerk: the claims that hold organisation, role and permissions. Change it and pass it to
    /// [`claim_map`](Provider::claim_map).
    pub fn claims() -> ClaimMap {
        ClaimMap::default()
            .tenant([["o", "id"].into(), ClaimPath::from("org_id")])
            .roles([["o", "rol"].into(), ClaimPath::from("org_role")])
            .permissions(["org_permissions"])
            .machine([])
    }
}

impl Provider<Clerk> {
    /// Accepts tokens that were made for a web app of this origin, such as `https://app.example.com`. Call it again for
    /// further origins.
    pub fn authorized_party(mut self, origin: impl Into<String>) -> Self {
        self.preset.parties.push(origin.into());
        self
    }
}

impl sealed::Sealed for Clerk {}

/// The audience is the value that the instance was customised to write into `aud` of its session tokens. Without it, a
/// token with an `aud` is refused.
impl TakesAudience for Clerk {}

impl Preset for Clerk {
    type Claims = ClerkClaims;

    const DOCS: PresetDocs = PresetDocs {
        name: "Clerk",
        constructor: r#"Clerk::frontend_api("clerk.example.com").authorized_party("https://app.example.com")"#,
        console: "Clerk Dashboard > Configure > API keys (Frontend API URL)",
        quirks: &[
            "Session tokens have no `aud`. `azp` takes its place: the origin that the token was made for. A token without \
             `azp` is refused, as in Clerk's own SDK if authorized parties are configured.",
            "A session with `sts: pending` is refused as `claim_not_accepted`.",
            "The same key signs tokens for machines, of OAuth, of JWT templates, and tickets for invitations and sign-in \
             links. A session's token has a `sid` that begins with `sess_`, and no `client_id`. The others are refused. A \
             JWT template can add `sid`, but then usually names another API in `aud`: so a token with an `aud` is refused \
             unless `.audience(..)` names it.",
            "Guards see the role in the active organisation: `admin` in version 2 of the tokens, `org:admin` in version 1.",
            "Version 2 packs permissions, and guards do not see them: use `ClerkClaims::permissions()`. Permissions of \
             version 1 are in the principal, too.",
            "If someone acts in a user's place, `act` names that person.",
        ],
        sources: &[
            "https://clerk.com/docs/guides/sessions/session-tokens",
            "https://clerk.com/docs/guides/sessions/manual-jwt-verification",
            "https://github.com/clerk/javascript/blob/main/packages/backend/src/jwt/assertions.ts",
            "https://github.com/clerk/javascript/blob/main/packages/shared/src/jwtPayloadParser.ts",
        ],
    };

    const FROM_ENV: FromEnv<Self> = FromEnv {
        constructor: Constructor::One(
            Variable::required("CLERK_FRONTEND_API", "the host of the Frontend API URL, such as `clerk.example.com`"),
            Self::frontend_api,
        ),
        settings: &[Setting::Each(
            Variable::required(
                "CLERK_AUTHORIZED_PARTY",
                "the origin of the web app, such as `https://app.example.com`, or several separated by commas",
            ),
            Provider::<Self>::authorized_party,
        )],
    };

    fn profile(self, recipients: Recipients) -> Result<Profile, ConfigError> {
        let host = host("Frontend API host", &self.host, "it looks like `clerk.example.com`")?;
        let iss = format!("https://{host}");
        let keys = format!("{iss}/.well-known/jwks.json");
        let session =
            TokenKind::access().require(ClaimRule::begins_with("sid", "sess_")).require(ClaimRule::absent("client_id"));
        let profile = Profile::with_keys_at(iss, &keys)?;
        // Without a party, the audience is empty and the configuration is refused.
        let profile = if recipients.audiences.is_empty() || self.parties.is_empty() {
            profile.access(session.require(ClaimRule::absent("aud")), Audience::claim("azp", self.parties))
        } else {
            profile
                .access(session.require(ClaimRule::one_of("azp", self.parties)), Audience::any_of(recipients.audiences))
        };
        Ok(profile.claim_map(Self::claims()).rule(ClaimRule::is_not("sts", "pending")))
    }

    fn example() -> Provider<Self> {
        Self::frontend_api("clerk.example.com").authorized_party("https://app.example.com")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_permissions(fea: &str, per: &str, fpm: &str, expected: &[&str]) {
        let text = format!(
            r#"{{"sub":"u","sid":"s","fea":"{fea}","o":{{"id":"org","per":"{per}","fpm":"{fpm}"}},"org_permissions":["x"]}}"#
        );
        let claims: ClerkClaims = serde_json::from_str(&text).unwrap();
        assert_eq!(claims.permissions(), expected, "{fea} {per} {fpm}");
    }

    #[test]
    fn packed_permissions_are_read() {
        let sample = &["org:dashboard:manage", "org:dashboard:read", "org:teams:read"];
        assert_permissions("o:dashboard,o:teams", "manage,read", "3,2", sample);
        assert_permissions("u:own,o:teams", "manage,read", "1", &["org:teams:manage"]);
        assert_permissions("uo:teams,ou:docs", "manage,read", "1,2", &["org:teams:manage", "org:docs:read"]);
    }

    #[test]
    fn what_cannot_be_read_grants_nothing() {
        assert_permissions("teams", "read", "1", &[]);
        assert_permissions("", "read", "1", &[]);
        assert_permissions("o:teams", "read", "", &[]);
        assert_permissions("o:teams", "", "1", &[]);
        assert_permissions("o:teams", "read", "-1", &[]);
        assert_permissions("o:teams,o:docs", "read", "x,1", &["org:docs:read"]);
        assert_permissions("o:teams", "read", "999999999999999999999999999999999999999999", &[]);
        assert_permissions("o:teams", "read", "4", &[]);
    }

    #[test]
    fn permissions_of_version_1_are_as_they_stand() {
        let claims: ClerkClaims =
            serde_json::from_str(r#"{"sub":"u","sid":"s","org_permissions":["org:teams:read"]}"#).unwrap();
        assert_eq!(claims.permissions(), ["org:teams:read"]);
    }
}
