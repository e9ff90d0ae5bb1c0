//! Google Cloud's Identity-Aware Proxy.

use crate::preset::docs::PresetDocs;
use crate::preset::environment::{Constructor, FromEnv, Setting, Variable};
use crate::preset::profile::Profile;
use crate::preset::provider::Provider;
use crate::preset::recipients::Recipients;
use crate::preset::traits::{Preset, TakesAudience, sealed};
use countersign_core::{Algorithm, Audience, ClaimMap, ConfigError, TokenKind};
use serde::Deserialize;

/// Google Cloud's Identity-Aware Proxy: the tokens that it adds to the requests that it forwards.
///
/// They are signed by ES256 and come in the header `x-goog-iap-jwt-assertion`
/// (<https://docs.cloud.google.com/iap/docs/signed-headers-howto>).
///
/// # Example
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use countersign_core::Verifier;
/// use countersign_providers::GoogleIap;
///
/// let verifier = Verifier::builder()
///     .issuer(GoogleIap::audience("/projects/123456789/global/backendServices/9876543210"))
///     .build()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GoogleIap;

/// The claims of a token of Identity-Aware Proxy. Use them as they are, or `#[serde(flatten)]` them into your own.
///
/// # Example
///
/// ```
/// use countersign_providers::GoogleIapClaims;
///
/// fn is_in_the_office(claims: &GoogleIapClaims) -> bool {
///     claims.google.access_levels.iter().any(|level| level == "accessPolicies/1/accessLevels/office")
/// }
/// ```
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct GoogleIapClaims {
    /// The user's id, such as `accounts.google.com:118133858486581853996`.
    pub sub: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// The hosted domain of the user's organisation.
    pub hd: Option<String>,
    /// Further information of the proxy.
    #[serde(default)]
    pub google: GoogleIapAccess,
}

/// The access levels of a request that Identity-Aware Proxy forwarded.
#[derive(Clone, Default, Deserialize)]
#[non_exhaustive]
pub struct GoogleIapAccess {
    /// Their resource names.
    #[serde(default)]
    pub access_levels: Vec<String>,
}

impl GoogleIap {
    /// Selects the backend of this audience: `/projects/NUMBER/apps/PROJECT_ID` on App Engine,
    /// `/projects/NUMBER/global/backendServices/SERVICE_ID` behind a load balancer.
    pub fn audience(audience: impl Into<String>) -> Provider<Self> {
        Self::new().audience(audience)
    }

    fn new() -> Provider<Self> {
        Provider::new(Self)
    }
}

impl sealed::Sealed for GoogleIap {}

/// Each call adds a further backend of the same application.
impl TakesAudience for GoogleIap {}

impl Preset for GoogleIap {
    type Claims = GoogleIapClaims;

    const DOCS: PresetDocs = PresetDocs {
        name: "Google Identity-Aware Proxy",
        constructor: r#"GoogleIap::audience("/projects/123456789/global/backendServices/9876543210")"#,
        console: "Google Cloud console > Security > Identity-Aware Proxy > your resource > Get JWT audience code",
        quirks: &[
            "The token comes in the header `x-goog-iap-jwt-assertion`, without `Bearer`: declare \
             `.sources([Source::header(\"x-goog-iap-jwt-assertion\")])` on the verifier.",
            "The headers `x-goog-authenticated-user-email` and `-id` are not signed. Do not trust them.",
            "Google allows a clock skew of 30 seconds, which is also the default leeway here. It issues tokens for at most \
             ten minutes, which is not enforced.",
            "No claim tells programs from people.",
        ],
        sources: &["https://docs.cloud.google.com/iap/docs/signed-headers-howto"],
    };

    const FROM_ENV: FromEnv<Self> = FromEnv {
        constructor: Constructor::Nothing(Self::new),
        settings: &[Setting::Each(
            Variable::required(
                "GOOGLE_IAP_AUDIENCE",
                "the JWT audience code, such as `/projects/123456789/apps/my-project`, or several separated by commas",
            ),
            Provider::audience,
        )],
    };

    fn profile(self, recipients: Recipients) -> Result<Profile, ConfigError> {
        if let Some(other) = recipients.audiences.iter().find(|audience| !audience.starts_with("/projects/")) {
            let expected = "it looks like `/projects/123456789/apps/my-project`";
            return Err(ConfigError::InvalidArgument { what: "JWT audience code", value: other.clone(), expected });
        }
        Ok(Profile::with_keys_at("https://cloud.google.com/iap", "https://www.gstatic.com/iap/verify/public_key-jwk")?
            .id(TokenKind::id(), Audience::any_of(recipients.audiences))
            .algorithms([Algorithm::ES256])
            .claim_map(ClaimMap::default().tenant(["hd"]).machine([])))
    }

    fn example() -> Provider<Self> {
        Self::audience("/projects/123456789/global/backendServices/9876543210")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_audience_code_is_refused() {
        for audience in ["", "1234987819200.apps.googleusercontent.com", "https://app.example.com", "projects/1/apps/a"]
        {
            assert!(GoogleIap::audience(audience).profile().is_err(), "{audience}");
        }
    }
}
