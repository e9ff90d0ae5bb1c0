//! Keycloak.

use crate::preset::docs::PresetDocs;
use crate::preset::environment::{Constructor, FromEnv, Setting, Variable};
use crate::preset::profile::Profile;
use crate::preset::provider::Provider;
use crate::preset::recipients::Recipients;
use crate::preset::traits::{IssuesBothKinds, Preset, TakesAudience, TakesClientId, sealed};
use crate::preset::url_parts::name;
use countersign_core::{
    Algorithms, Audience, ClaimMap, ClaimPath, ClaimRule, ConfigError, ServiceAccountRule, TokenKind,
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Keycloak: access tokens of a realm unless you ask for ID tokens.
///
/// Each token says in its claim `typ` what it is: `Bearer`, `ID`, `Refresh` and so on
/// (<https://github.com/keycloak/keycloak/blob/main/core/src/main/java/org/keycloak/util/TokenUtil.java>). An access token
/// names your API in `aud` only once an Audience mapper puts it there
/// (<https://www.keycloak.org/docs/latest/server_admin/>).
///
/// # Example
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use countersign_core::Verifier;
/// use countersign_providers::Keycloak;
///
/// let verifier = Verifier::builder()
///     .issuer(Keycloak::realm("https://keycloak.example.com", "main").audience("reports-api"))
///     .build()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Keycloak {
    base: String,
    realm: String,
    parties: Vec<String>,
    roles_of: Vec<String>,
}

/// The claims of a Keycloak token. Use them as they are, or `#[serde(flatten)]` them into your own.
///
/// # Example
///
/// ```
/// use countersign_providers::KeycloakClaims;
///
/// fn is_reader(claims: &KeycloakClaims) -> bool {
///     claims.resource_access.get("reports-api").is_some_and(|access| access.roles.iter().any(|role| role == "reader"))
/// }
/// ```
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct KeycloakClaims {
    /// The user's id.
    pub sub: String,
    /// `Bearer` or `ID`.
    pub typ: String,
    /// The client that the token was issued to.
    pub azp: Option<String>,
    /// The session.
    pub sid: Option<String>,
    /// Scopes, separated by blanks.
    pub scope: Option<String>,
    /// The roles of the realm.
    #[serde(default)]
    pub realm_access: KeycloakRoles,
    /// The roles of clients, by the client's id.
    #[serde(default)]
    pub resource_access: BTreeMap<String, KeycloakRoles>,
    /// The user's groups, where a Group Membership mapper adds them; paths such as `/staff` unless it says otherwise.
    #[serde(default)]
    pub groups: Vec<String>,
    /// The full name.
    pub name: Option<String>,
    /// The log-in name. It can change.
    pub preferred_username: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// Whether the realm verified the address.
    pub email_verified: Option<bool>,
}

/// Roles of a Keycloak realm or client.
#[derive(Clone, Default, Deserialize)]
#[non_exhaustive]
pub struct KeycloakRoles {
    /// Their names.
    #[serde(default)]
    pub roles: Vec<String>,
}

impl Keycloak {
    /// The realm of this name on the server at this URL. Servers before version 17 have `/auth` at its end.
    pub fn realm(base_url: impl Into<String>, realm: impl Into<String>) -> Provider<Self> {
        Provider::new(Self { base: base_url.into(), realm: realm.into(), parties: Vec::new(), roles_of: Vec::new() })
    }

    /// Where Keycloak keeps scopes, groups, roles and the like, to be changed.
    pub fn claims() -> ClaimMap {
        ClaimMap::default()
            .scopes(["scope"])
            .roles([["realm_access", "roles"]])
            // Set from the session of a service account, while a user, too, may be called `service-account-..`.
            .machine([ServiceAccountRule::With("clientHost")])
    }
}

impl Provider<Keycloak> {
    /// Only tokens that were issued to this client, by `azp`. Call it again for further ones. Beside an audience both are
    /// demanded; without one this is what takes its place.
    ///
    /// # Security
    ///
    /// Without an audience, a token that the client got for another API is accepted here, and whoever runs that API
    /// can use it here. Prefer an Audience mapper.
    pub fn authorized_party(mut self, client: impl Into<String>) -> Self {
        self.preset.parties.push(client.into());
        self
    }

    /// Counts the roles of this client beside the realm's. Call it again for further ones.
    ///
    /// # Security
    ///
    /// A role is then known by its name alone: `admin` of the client and `admin` of the realm are one.
    pub fn client_roles(mut self, client: impl Into<String>) -> Self {
        self.preset.roles_of.push(client.into());
        self
    }
}

impl sealed::Sealed for Keycloak {}
impl IssuesBothKinds for Keycloak {}

/// What tokens for this API hold in `aud`: the API's client id, or what its Audience mapper says. Call it again for
/// further ones.
impl TakesAudience for Keycloak {}

/// The client whose ID tokens are accepted, once [`id_tokens`](Self::id_tokens) asks for them. Call it again for further
/// ones.
impl TakesClientId for Keycloak {}

impl Preset for Keycloak {
    type Claims = KeycloakClaims;

    const DOCS: PresetDocs = PresetDocs {
        name: "Keycloak",
        constructor: r#"Keycloak::realm("https://keycloak.example.com", "main").audience("reports-api")"#,
        console: "Keycloak Admin Console > your realm > Realm settings > Endpoints (OpenID Endpoint Configuration: `issuer` \
                  is the server's URL, `/realms/` and the realm); Client scopes > your scope > Mappers > Configure a new mapper \
                  > Audience; Clients (Client ID)",
        quirks: &[
            "An access token names no API of yours in `aud` until an Audience mapper does; often it says `account` alone, and \
             is refused as `wrong_audience`, or has no `aud`: `missing_claim`.",
            "`.authorized_party(\"frontend\")` in place of `.audience(..)` accepts by the client in `azp`: every token of that \
             client, whatever API it is for.",
            "Lightweight access tokens lack `aud`, roles and often `sub`, and are refused as `missing_claim`, unless mappers are \
             set to \"Add to lightweight access token\".",
            "Tokens that are bound to a key (`typ` is `DPoP`, or `cnf` is there) are refused.",
            "`nonce` is no mark of ID tokens here: Keycloak before 25, and its \"Nonce backwards compatible\" mapper, put it into \
             access tokens, too.",
            "Roles are the realm's. `.client_roles(\"reports-api\")` adds those of a client.",
            "The name `service-account-..` makes no machine, since users choose names; `clientHost` does, which a service \
             account's session gives.",
            "Keycloak on an inner network needs `.allow_addresses(..)`.",
        ],
        sources: &[
            "https://www.keycloak.org/docs/latest/server_admin/",
            "https://www.keycloak.org/docs/latest/upgrading/",
            "https://github.com/keycloak/keycloak/blob/main/core/src/main/java/org/keycloak/util/TokenUtil.java",
            "https://github.com/keycloak/keycloak/blob/main/docs/documentation/server_admin/topics/clients/oidc/con-audience.adoc",
        ],
    };

    const FROM_ENV: FromEnv<Self> = FromEnv {
        constructor: Constructor::Two(
            Variable::required("KEYCLOAK_URL", "the server's URL, such as `https://keycloak.example.com`"),
            Variable::required("KEYCLOAK_REALM", "the realm's name"),
            Self::realm,
        ),
        settings: &[Setting::Each(
            Variable::required(
                "KEYCLOAK_AUDIENCE",
                "what an Audience mapper writes into `aud`, or several separated by commas",
            ),
            Provider::audience,
        )],
    };

    fn profile(self, recipients: Recipients) -> Result<Profile, ConfigError> {
        let realm = name("realm", &self.realm, "it is a name, as it stands in the issuer after `/realms/`")?;
        let base = self.base.strip_suffix('/').unwrap_or(&self.base);
        let roles_of = |client: &String| ClaimPath::from(["resource_access", client, "roles"]);
        let roles = std::iter::once(["realm_access", "roles"].into()).chain(self.roles_of.iter().map(roles_of));
        let access =
            TokenKind::access().allow_claim("nonce").require_value("typ", "Bearer").require(ClaimRule::present("azp"));
        let (access, audience) = if self.parties.is_empty() {
            (access, Audience::any_of(recipients.audiences))
        } else if recipients.audiences.is_empty() {
            (access, Audience::claim("azp", self.parties))
        } else {
            (access.require(ClaimRule::one_of("azp", self.parties)), Audience::any_of(recipients.audiences))
        };
        Ok(Profile::discovered(format!("{base}/realms/{realm}"))?
            .access(access, audience)
            .id(TokenKind::id().require_value("typ", "ID"), Audience::client(recipients.clients))
            // Realms and clients choose; each key of a realm says what it is for.
            .algorithms(Algorithms::default().iter())
            .claim_map(Self::claims().roles(roles)))
    }

    fn example() -> Provider<Self> {
        Self::realm("https://keycloak.example.com", "main").audience("reports-api").client_id("frontend")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_core::IntoIssuer;

    #[test]
    fn the_issuer_is_the_servers_url_and_the_realm() {
        for (base, realm, iss) in [
            ("https://kc.example", "main", "https://kc.example/realms/main"),
            ("https://kc.example/auth/", "acme.com", "https://kc.example/auth/realms/acme.com"),
            ("http://127.0.0.1:8080", "main", "http://127.0.0.1:8080/realms/main"),
        ] {
            assert_eq!(&*Keycloak::realm(base, realm).profile().unwrap().iss, iss);
        }
        for (base, realm) in [
            ("http://kc.example", "main"),
            ("kc.example", "main"),
            ("https://kc.example?a", "main"),
            ("https://kc.example#", "main"),
            ("https://kc.example", ""),
            ("https://kc.example", ".."),
            ("https://kc.example", "a/b"),
            ("https://kc.example", "my realm"),
        ] {
            assert!(Keycloak::realm(base, realm).audience("a").into_issuer().is_err(), "{base} {realm}");
        }
    }

    #[test]
    fn the_roles_of_clients_count_once_they_are_named() {
        let roles = |keycloak: Provider<Keycloak>| {
            let claim_map = keycloak.profile().unwrap().claim_map;
            claim_map.places().find(|(part, _)| *part == "roles").unwrap().1
        };
        let realm = || Keycloak::realm("https://kc.example", "main");
        assert_eq!(roles(realm()), "`realm_access → roles`");
        assert_eq!(roles(realm().client_roles("api")), "`realm_access → roles`, `resource_access → api → roles`");
    }

    #[test]
    fn an_authorized_party_takes_the_audiences_place_or_narrows_it() {
        let accepts = |keycloak: Provider<Keycloak>| {
            let profile = keycloak.profile().unwrap();
            (profile.access[0].kind.to_string().contains("`azp` is `spa`"), profile.access[0].audience.to_string())
        };
        let realm = || Keycloak::realm("https://kc.example", "main");
        assert_eq!(accepts(realm().authorized_party("spa")), (false, "`azp` is `spa`".to_owned()));
        let both = realm().audience("api").authorized_party("spa");
        assert_eq!(accepts(both), (true, "`aud` is or holds `api`".to_owned()));
    }
}
