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
/// The claim `typ` names the kind of each token: `Bearer`, `ID`, `Refresh` and so on
/// (<https://github.com/keycloak/keycloak/blob/main/core/src/main/java/org/keycloak/util/TokenUtil.java>). An access
/// token names your API in `aud` only once an Audience mapper puts it there
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
    /// The user's groups, if a Group Membership mapper adds them: paths such as `/staff` by default.
    #[serde(default)]
    pub groups: Vec<String>,
    /// The full name.
    pub name: Option<String>,
    /// The log-in name. It can change.
    pub preferred_username: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// True if the realm verified the address.
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
    /// Selects the realm of this name on the server at this URL. The URL of servers before version 17 ends in `/auth`.
    pub fn realm(base_url: impl Into<String>, realm: impl Into<String>) -> Provider<Self> {
        Provider::new(Self { base: base_url.into(), realm: realm.into(), parties: Vec::new(), roles_of: Vec::new() })
    }

    /// Gives the claim map of Keycloak: the claims that hold scopes, groups, roles and the like. Change it and pass it
    /// to [`claim_map`](Provider::claim_map).
    pub fn claims() -> ClaimMap {
        ClaimMap::default()
            .scopes(["scope"])
            .roles([["realm_access", "roles"]])
            // Set from the session of a service account. A user may be called `service-account-..`, too.
            .machine([ServiceAccountRule::With("clientHost")])
    }
}

impl Provider<Keycloak> {
    /// Accepts only tokens that were issued to this client, by `azp`. Call it again for further clients. With an
    /// audience, both are required. Without an audience, the client takes its place.
    ///
    /// # Security
    ///
    /// Without an audience, a token that the client got for another API is accepted here, and the operator of that API
    /// can use it here. Prefer an Audience mapper.
    pub fn authorized_party(mut self, client: impl Into<String>) -> Self {
        self.preset.parties.push(client.into());
        self
    }

    /// Adds the roles of this client to the realm's roles. Call it again for further clients.
    ///
    /// # Security
    ///
    /// Roles are then identified by their name only: `admin` of the client and `admin` of the realm are the same role.
    pub fn client_roles(mut self, client: impl Into<String>) -> Self {
        self.preset.roles_of.push(client.into());
        self
    }
}

impl sealed::Sealed for Keycloak {}
impl IssuesBothKinds for Keycloak {}

/// The audience is the API's client id, or the value that its Audience mapper adds.
impl TakesAudience for Keycloak {}

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
            "An access token names your API in `aud` only after you add an Audience mapper. Without one, `aud` is often \
             `account`, and the token is refused as `wrong_audience`; or `aud` is absent, and the token is refused as \
             `missing_claim`.",
            "`.authorized_party(\"frontend\")` in place of `.audience(..)` accepts every token of the client in `azp`, \
             including tokens for other APIs.",
            "Lightweight access tokens lack `aud`, roles and often `sub`. They are refused as `missing_claim` unless \
             mappers are set to \"Add to lightweight access token\".",
            "Tokens that are bound to a key (`typ` is `DPoP`, or `cnf` is there) are refused.",
            "`nonce` does not identify ID tokens here: Keycloak before 25, and its \"Nonce backwards compatible\" mapper, \
             add it to access tokens, too.",
            "Roles are the realm's. `.client_roles(\"reports-api\")` adds those of a client.",
            "A user name `service-account-..` does not identify a machine, since users choose names. The claim \
             `clientHost` does: it comes from a service account's session.",
            "Keycloak on an internal network needs `.allow_addresses(..)`.",
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
                "the audience that an Audience mapper writes into `aud`, or several separated by commas",
            ),
            Provider::audience,
        )],
    };

    fn profile(self, recipients: Recipients) -> Result<Profile, ConfigError> {
        let realm = name("realm", &self.realm, "it is the part of the issuer after `/realms/`")?;
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
            // Realms and clients choose the algorithm. Each key of a realm states its own.
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
