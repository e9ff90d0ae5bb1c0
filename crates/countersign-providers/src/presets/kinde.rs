//! Kinde.

use crate::preset::docs::PresetDocs;
use crate::preset::environment::{Constructor, FromEnv, Setting, Variable};
use crate::preset::profile::Profile;
use crate::preset::provider::Provider;
use crate::preset::recipients::Recipients;
use crate::preset::traits::{IssuesBothKinds, Preset, TakesAudience, TakesClientId, sealed};
use crate::preset::url_parts::host;
use countersign_core::{Audience, ClaimMap, ClaimPath, ClaimRule, ConfigError, ServiceAccountRule, TokenKind};
use serde::Deserialize;

/// Kinde: access tokens for an API unless you ask for ID tokens.
///
/// Access tokens contain `scp`, ID tokens `at_hash`. Both name the application in `azp`
/// (<https://docs.kinde.com/build/tokens/about-access-tokens/>). A program's token has no `sub`, so its application is
/// the subject
/// (<https://docs.kinde.com/machine-to-machine-applications/about-m2m/token-structure-and-claims-for-m2m-applications>).
///
/// # Example
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use countersign_core::Verifier;
/// use countersign_providers::Kinde;
///
/// let verifier = Verifier::builder()
///     .issuer(Kinde::domain("acme.kinde.com").audience("https://api.acme.example"))
///     .build()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Kinde {
    domain: String,
}

/// The claims of a Kinde token. Use them as they are, or `#[serde(flatten)]` them into your own.
///
/// # Example
///
/// ```
/// use countersign_providers::KindeClaims;
/// use std::collections::HashMap;
///
/// #[derive(serde::Deserialize)]
/// struct Staff {
///     #[serde(flatten)]
///     kinde: KindeClaims,
///     #[serde(default)]
///     feature_flags: HashMap<String, Flag>,
/// }
///
/// #[derive(serde::Deserialize)]
/// struct Flag {
///     v: serde_json::Value,
/// }
/// ```
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct KindeClaims {
    /// The user's id, such as `kp_6123..`. Absent for a program.
    pub sub: Option<String>,
    /// The application that asked for the token.
    pub azp: Option<String>,
    /// The organisation that the user logged in to, or that the program belongs to.
    pub org_code: Option<String>,
    /// Permissions in that organisation, in access tokens.
    #[serde(default)]
    pub permissions: Vec<String>,
    /// Scopes, in access tokens.
    #[serde(default)]
    pub scp: Vec<String>,
    /// The e-mail address, in ID tokens, and in access tokens by customization.
    pub email: Option<String>,
}

impl Kinde {
    /// Selects the business of this domain, such as `acme.kinde.com`, or a custom domain.
    pub fn domain(domain: impl Into<String>) -> Provider<Self> {
        Provider::new(Self { domain: domain.into() })
    }

    /// Gives the claim map of Kinde: the claims that hold roles, organisation and the like. Change it and pass it to
    /// [`claim_map`](Provider::claim_map).
    pub fn claims() -> ClaimMap {
        ClaimMap::default()
            // A program has no `sub`. A user's begins with `kp_`, which no application's id does.
            .subject(["sub", "azp"])
            .tenant(["org_code"])
            .roles([ClaimPath::from("roles").each("key")])
            .machine([ServiceAccountRule::Without("sub")])
    }
}

impl Provider<Kinde> {
    /// Accepts only users and programs of one of these organisations, by their codes.
    pub fn organizations<O: Into<Box<str>>>(self, organizations: impl IntoIterator<Item = O>) -> Self {
        self.rule(ClaimRule::one_of("org_code", organizations))
    }
}

impl sealed::Sealed for Kinde {}
impl IssuesBothKinds for Kinde {}

/// The audience is the one that the API was registered with.
impl TakesAudience for Kinde {}

impl TakesClientId for Kinde {}

impl Preset for Kinde {
    type Claims = KindeClaims;

    const DOCS: PresetDocs = PresetDocs {
        name: "Kinde",
        constructor: r#"Kinde::domain("acme.kinde.com").audience("https://api.acme.example")"#,
        console: "Kinde > Settings > Applications > your application > Details (Domain, Client ID); Tokens > Token customization \
                  (roles, e-mail); Settings > APIs > your API (Audience)",
        quirks: &[
            "A token has the audience only if the client asked for it and the API is registered. Otherwise `aud` is empty, \
             and the token is refused.",
            "A program's token has no `sub`: its subject is the application, `azp`.",
            "An ID token's `aud` is Kinde's domain, not the client: `azp` names the client.",
            "Roles are in an access token only by customization. Each has an id, a key and a name: the key is read.",
        ],
        sources: &[
            "https://docs.kinde.com/build/tokens/about-access-tokens/",
            "https://docs.kinde.com/build/tokens/about-id-tokens/",
            "https://docs.kinde.com/machine-to-machine-applications/about-m2m/token-structure-and-claims-for-m2m-applications",
            "https://github.com/kinde-oss/documentation/blob/main/src/content/docs/build/tokens/verifying-json-web-tokens.mdx",
        ],
    };

    const FROM_ENV: FromEnv<Self> = FromEnv {
        constructor: Constructor::One(
            Variable::required("KINDE_DOMAIN", "the business's domain, such as `acme.kinde.com`"),
            Self::domain,
        ),
        settings: &[Setting::Each(
            Variable::required("KINDE_AUDIENCE", "the API's audience, or several separated by commas"),
            Provider::audience,
        )],
    };

    fn profile(self, recipients: Recipients) -> Result<Profile, ConfigError> {
        let domain = host("Kinde domain", &self.domain, "it looks like `acme.kinde.com`")?;
        let iss = format!("https://{domain}");
        let keys = format!("{iss}/.well-known/jwks");
        let access =
            TokenKind::access().require(ClaimRule::present("scp")).require(ClaimRule::present("sub").or_at("gty"));
        let id = TokenKind::id()
            .require(ClaimRule::present("at_hash"))
            .require(ClaimRule::absent("scp"))
            .require(ClaimRule::present("sub"));
        Ok(Profile::with_keys_at(iss, &keys)?
            .access(access, Audience::any_of(recipients.audiences))
            .id(id, Audience::claim("azp", recipients.clients))
            .claim_map(Self::claims()))
    }

    fn example() -> Provider<Self> {
        Self::domain("acme.kinde.com").audience("https://api.acme.example").client_id("example-client")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_core::IntoIssuer;

    #[test]
    fn what_is_no_domain_is_refused() {
        for domain in ["", "https://acme.kinde.com", "acme.kinde.com/", "acme@evil.example"] {
            assert!(Kinde::domain(domain).audience("a").into_issuer().is_err(), "{domain}");
        }
    }
}
