//! Cloudflare Access.

use crate::preset::docs::PresetDocs;
use crate::preset::environment::{Constructor, FromEnv, Setting, Variable};
use crate::preset::profile::Profile;
use crate::preset::provider::Provider;
use crate::preset::recipients::Recipients;
use crate::preset::traits::{Preset, TakesAudience, sealed};
use crate::preset::url_parts::host;
use countersign_core::{Audience, ClaimMap, ConfigError, ServiceAccountRule, TokenKind};
use serde::Deserialize;

/// Cloudflare Access: the tokens that Cloudflare adds to requests for an application behind it.
///
/// For a service token, `sub` is empty. Its name in `common_name` is then the subject
/// (<https://developers.cloudflare.com/cloudflare-one/identity/authorization-cookie/application-token>).
///
/// # Example
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use countersign_core::Verifier;
/// use countersign_providers::CloudflareAccess;
///
/// let verifier = Verifier::builder()
///     .issuer(
///         CloudflareAccess::team_domain("acme.cloudflareaccess.com")
///             .audience("32eafc7626e974616deaf0dc3ce63d7bcbed58a2731e84d06bc3cdf1b53c4228"),
///     )
///     .build()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct CloudflareAccess {
    domain: String,
}

/// The claims of a Cloudflare Access token. Use them as they are, or `#[serde(flatten)]` them into your own.
///
/// # Example
///
/// ```
/// use countersign_providers::CloudflareAccessClaims;
///
/// fn is_domestic(claims: &CloudflareAccessClaims) -> bool {
///     claims.country.as_deref() == Some("US")
/// }
/// ```
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct CloudflareAccessClaims {
    /// The user's id; empty for a service token.
    #[serde(default)]
    pub sub: String,
    /// The user's e-mail address, as the identity provider gave it.
    pub email: Option<String>,
    /// The client id of a service token, which ends in `.access`.
    pub common_name: Option<String>,
    /// The country that the user logged in from.
    pub country: Option<String>,
}

impl CloudflareAccess {
    /// Selects the team of this domain, such as `acme.cloudflareaccess.com`.
    pub fn team_domain(domain: impl Into<String>) -> Provider<Self> {
        Provider::new(Self { domain: domain.into() })
    }
}

impl sealed::Sealed for CloudflareAccess {}

/// The audience is the application's AUD tag.
impl TakesAudience for CloudflareAccess {}

impl Preset for CloudflareAccess {
    type Claims = CloudflareAccessClaims;

    const DOCS: PresetDocs = PresetDocs {
        name: "Cloudflare Access",
        constructor: r#"CloudflareAccess::team_domain("acme.cloudflareaccess.com").audience("32eafc7626e974616deaf0dc3ce63d7bcbed58a2731e84d06bc3cdf1b53c4228")"#,
        console: "Cloudflare dashboard > Zero Trust > Access > Applications > your application > Additional settings (Application \
                  Audience (AUD) Tag); Settings (Team domain)",
        quirks: &[
            "Cloudflare sends the token in the header `Cf-Access-Jwt-Assertion`, without `Bearer`: declare \
             `.sources([Source::header(\"Cf-Access-Jwt-Assertion\")])` on the verifier.",
            "For a service token, `sub` is empty, and the subject is its client id, `common_name`. A token with neither is \
             refused.",
            "`type` tells an application's token from the token of the team's whole session (`org`), which is refused.",
            "Groups are not in the token.",
        ],
        sources: &[
            "https://developers.cloudflare.com/cloudflare-one/identity/authorization-cookie/application-token",
            "https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/validating-json/",
        ],
    };

    const FROM_ENV: FromEnv<Self> = FromEnv {
        constructor: Constructor::One(
            Variable::required("CLOUDFLARE_ACCESS_TEAM_DOMAIN", "the team domain, such as `acme.cloudflareaccess.com`"),
            Self::team_domain,
        ),
        settings: &[Setting::Each(
            Variable::required("CLOUDFLARE_ACCESS_AUD", "the application's AUD tag, or several separated by commas"),
            Provider::audience,
        )],
    };

    fn profile(self, recipients: Recipients) -> Result<Profile, ConfigError> {
        let domain = host("Cloudflare team domain", &self.domain, "it looks like `acme.cloudflareaccess.com`")?;
        let iss = format!("https://{domain}");
        let keys = format!("{iss}/cdn-cgi/access/certs");
        Ok(Profile::with_keys_at(iss, &keys)?
            .access(TokenKind::access().require_value("type", "app"), Audience::any_of(recipients.audiences))
            .claim_map(
                ClaimMap::default()
                    // A user's `sub` is a UUID, while the name of a service token ends in `.access`.
                    .subject(["sub", "common_name"])
                    .machine([ServiceAccountRule::SubjectIs("common_name")]),
            ))
    }

    fn example() -> Provider<Self> {
        Self::team_domain("acme.cloudflareaccess.com")
            .audience("32eafc7626e974616deaf0dc3ce63d7bcbed58a2731e84d06bc3cdf1b53c4228")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_core::IntoIssuer;

    #[test]
    fn what_is_no_domain_is_refused() {
        for domain in ["", "https://acme.cloudflareaccess.com", "acme.cloudflareaccess.com/", "acme@evil.example"] {
            assert!(CloudflareAccess::team_domain(domain).audience("a").into_issuer().is_err(), "{domain}");
        }
    }
}
