//! Microsoft Entra ID, formerly Azure Active Directory.

use crate::preset::docs::PresetDocs;
use crate::preset::environment::{Constructor, FromEnv, Setting, Variable};
use crate::preset::profile::{Profile, Tenants};
use crate::preset::provider::Provider;
use crate::preset::recipients::Recipients;
use crate::preset::traits::{IssuesBothKinds, Preset, TakesAudience, TakesClientId, sealed};
use crate::preset::url_parts::{guid, host};
use countersign_core::{Audience, ClaimMap, ClaimRule, ConfigError, ServiceAccountRule, TokenKind};
use serde::Deserialize;

/// Microsoft Entra ID: access tokens for an API, of one tenant or of many, in both versions unless you choose one.
///
/// The API's own manifest sets the version of its tokens (`requestedAccessTokenVersion`), independent of the endpoint
/// that the client asks. So both versions are accepted unless you choose [`v1`](Provider::v1) or [`v2`](Provider::v2).
/// Access tokens name the client that asked (`azp`, or `appid` in version 1). ID tokens do not, even if the API and the
/// client are one registration with one audience
/// (<https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference>).
///
/// # Example
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use countersign_core::Verifier;
/// use countersign_providers::Entra;
///
/// let verifier = Verifier::builder()
///     .issuer(
///         Entra::tenant("11111111-2222-3333-4444-555555555555")
///             .audience("66666666-7777-8888-9999-000000000000")
///             .audience("api://66666666-7777-8888-9999-000000000000"),
///     )
///     .build()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Entra {
    tenants: Choice,
    versions: Versions,
    authority: String,
}

#[derive(Clone, Debug)]
enum Choice {
    One(String),
    Many(Vec<String>),
    Any,
}

#[derive(Clone, Copy, Debug)]
enum Versions {
    V1,
    V2,
    Both,
}

/// The claims of an Entra ID token. Use them as they are, or `#[serde(flatten)]` them into your own.
///
/// # Example
///
/// ```
/// use countersign_providers::EntraClaims;
///
/// fn key(claims: &EntraClaims) -> Option<(&str, &str)> {
///     // These two identify a user in every application. `sub` differs for each.
///     Some((claims.tid.as_str(), claims.oid.as_deref()?))
/// }
/// ```
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct EntraClaims {
    /// The subject, which differs for each application.
    pub sub: String,
    /// The user's or service principal's id in the tenant, the same for every application.
    pub oid: Option<String>,
    /// The tenant.
    pub tid: String,
    /// The full name. Do not use it for authorization.
    pub name: Option<String>,
    /// The log-in name (`unique_name` in version 1). It can change: do not use it for authorization.
    #[serde(alias = "unique_name")]
    pub preferred_username: Option<String>,
    /// The client that asked for the token (`appid` in version 1).
    #[serde(alias = "appid")]
    pub azp: Option<String>,
    /// Scopes, separated by blanks, in tokens of users only.
    pub scp: Option<String>,
    /// App roles.
    #[serde(default)]
    pub roles: Vec<String>,
    /// The ids of groups, if they are few enough to be listed.
    #[serde(default)]
    pub groups: Vec<String>,
}

impl Entra {
    /// Selects the tenant of this id, a GUID.
    pub fn tenant(tenant: impl Into<String>) -> Provider<Self> {
        Self::new(Choice::One(tenant.into()))
    }

    /// Selects these tenants, by their ids, for a multi-tenant application with a few customers.
    pub fn tenants<T: Into<String>>(tenants: impl IntoIterator<Item = T>) -> Provider<Self> {
        Self::new(Choice::Many(tenants.into_iter().map(Into::into).collect()))
    }

    /// Accepts every tenant.
    ///
    /// # Security
    ///
    /// Anyone can create a tenant. Check [`Principal::tenant`](countersign_core::Principal::tenant) before you grant
    /// access, and keep the data of tenants apart.
    pub fn any_tenant() -> Provider<Self> {
        Self::new(Choice::Any)
    }

    fn one_or_more(mut tenants: Vec<String>) -> Provider<Self> {
        if tenants.len() == 1 { Self::tenant(tenants.remove(0)) } else { Self::tenants(tenants) }
    }

    fn new(tenants: Choice) -> Provider<Self> {
        Provider::new(Self { tenants, versions: Versions::Both, authority: "login.microsoftonline.com".to_owned() })
    }

    /// Gives the claim map of Entra ID: the claims that hold scopes, groups, roles and the like. Change it and pass it
    /// to [`claim_map`](Provider::claim_map).
    pub fn claims() -> ClaimMap {
        ClaimMap::default()
            .username(["preferred_username", "unique_name", "upn"])
            .tenant(["tid"])
            .scopes(["scp"])
            // https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference#groups-overage-claim
            .groups_overage([["_claim_names", "groups"].into(), countersign_core::ClaimPath::from("hasgroups")])
            .groups_overage_advice("or use app roles in place of groups")
            // A service principal's subject is its `oid`, while a person's subject differs for each application.
            // `idtyp` is optional.
            .machine([ServiceAccountRule::Claim("idtyp", "app"), ServiceAccountRule::SubjectIs("oid")])
    }
}

impl Provider<Entra> {
    /// Accepts only tokens of version 1.
    pub fn v1(mut self) -> Self {
        self.preset.versions = Versions::V1;
        self
    }

    /// Accepts only tokens of version 2.
    pub fn v2(mut self) -> Self {
        self.preset.versions = Versions::V2;
        self
    }

    /// Sets the host of a national cloud, such as `login.microsoftonline.us`, in place of `login.microsoftonline.com`.
    pub fn authority(mut self, host: impl Into<String>) -> Self {
        self.preset.authority = host.into();
        self
    }
}

/// Entra ID's access tokens name the client that asked for them. Its ID tokens do not.
pub(crate) fn access_v2() -> TokenKind {
    TokenKind::access().require_value("ver", "2.0").require(ClaimRule::present("azp"))
}

fn access_v1() -> TokenKind {
    TokenKind::access().require_value("ver", "1.0").require(ClaimRule::present("appid"))
}

pub(crate) fn id_token() -> TokenKind {
    let client_of_access_tokens = ["azp", "appid", "scp"];
    client_of_access_tokens.into_iter().fold(TokenKind::id(), |kind, claim| kind.require(ClaimRule::absent(claim)))
}

impl sealed::Sealed for Entra {}
impl IssuesBothKinds for Entra {}

/// The audience is the API's application (client) id in version 2. In version 1 it is the id or the Application ID URI
/// (`api://..`), whichever the client asked for. Call it for each.
impl TakesAudience for Entra {}

impl TakesClientId for Entra {}

impl Preset for Entra {
    type Claims = EntraClaims;

    const DOCS: PresetDocs = PresetDocs {
        name: "Microsoft Entra ID",
        constructor: r#"Entra::tenant("11111111-2222-3333-4444-555555555555").audience("66666666-7777-8888-9999-000000000000")"#,
        console: "Microsoft Entra admin center > App registrations > your API > Overview (Application (client) ID, \
                  Directory (tenant) ID); Expose an API (Application ID URI); App roles; Token configuration (groups); \
                  Manifest (requestedAccessTokenVersion)",
        quirks: &[
            "The API's own manifest decides the version of its tokens, not the endpoint that the client asks. Both \
             versions are accepted; `.v1()` and `.v2()` restrict this.",
            "Only Microsoft Graph can verify its own tokens. A client that asks for no scope of your API gets such a \
             token: it is refused as `wrong_audience` or `bad_signature`.",
            "A user in more than 200 groups gets a token without groups: `principal.groups_left_out()` is then true, and \
             the log says so. App roles have no such limit; or look groups up (`VerifierBuilder::entitlements`).",
            "Each key names its tenant and verifies only tokens of that tenant.",
            "Any application of a tenant can get a token for your API with its own secret, without a scope or role, unless \
             assignment is required (Enterprise applications > your API > Properties). So a valid token is not a \
             permission: let guards require scopes and app roles.",
            "An application with its own signing key (claims mapping) needs \
             `.jwks_url(\"https://login.microsoftonline.com/TENANT/discovery/v2.0/keys?appid=CLIENT\")`.",
            "`sub` differs for each application. `oid` with `tid` identifies a user everywhere.",
        ],
        sources: &[
            "https://learn.microsoft.com/entra/identity-platform/access-tokens",
            "https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference",
            "https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference",
            "https://learn.microsoft.com/entra/identity-platform/optional-claims-reference",
        ],
    };

    const FROM_ENV: FromEnv<Self> = FromEnv {
        constructor: Constructor::Each(
            Variable::required("ENTRA_TENANT_ID", "the directory (tenant) id, or several separated by commas"),
            Self::one_or_more,
        ),
        settings: &[Setting::Each(
            Variable::required(
                "ENTRA_AUDIENCE",
                "the API's application (client) id, and its Application ID URI after a comma",
            ),
            Provider::audience,
        )],
    };

    fn profile(self, recipients: Recipients) -> Result<Profile, ConfigError> {
        const TENANT: &str = "{tenantid}";
        let authority = host("authority", &self.authority, "it looks like `login.microsoftonline.com`")?;
        let (tenant, tenants) = match self.tenants {
            Choice::One(tenant) => (guid("tenant id", &tenant)?, None),
            Choice::Many(tenants) => {
                let tenants = tenants.iter().map(|tenant| guid("tenant id", tenant)).collect::<Result<_, _>>()?;
                (TENANT.to_owned(), Some(Tenants::Only(tenants)))
            }
            Choice::Any => (TENANT.to_owned(), Some(Tenants::Any)),
        };
        let v2 = format!("https://{authority}/{tenant}/v2.0");
        let v1 = format!("https://sts.windows.net/{tenant}/");
        // The keys of version 2 sign both versions. The document for many tenants contains `{tenantid}` itself.
        let profile = match &tenants {
            None => Profile::discovered(v2)?.rule(ClaimRule::is("tid", tenant)),
            Some(_) => Profile::discovered_at(v2, &format!("https://{authority}/common/v2.0"))?,
        };
        let profile = match self.versions {
            Versions::V2 => profile,
            Versions::V1 | Versions::Both => profile.also_named(v1),
        };
        let profile = tenants.into_iter().fold(profile, Profile::for_tenants).keys_by_issuer();
        let audience = Audience::any_of(recipients.audiences);
        let profile = match self.versions {
            Versions::V1 => profile.access(access_v1(), audience),
            Versions::V2 => profile.access(access_v2(), audience),
            Versions::Both => profile.access(access_v2(), audience.clone()).access(access_v1(), audience),
        };
        Ok(profile.id(id_token(), Audience::client(recipients.clients)).claim_map(Self::claims()))
    }

    fn example() -> Provider<Self> {
        Self::tenant("11111111-2222-3333-4444-555555555555")
            .audience("66666666-7777-8888-9999-000000000000")
            .client_id("66666666-7777-8888-9999-000000000000")
    }
}
