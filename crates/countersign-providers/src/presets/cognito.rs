//! Amazon Cognito user pools.

use crate::preset::docs::PresetDocs;
use crate::preset::environment::{Constructor, FromEnv, Setting, Variable};
use crate::preset::profile::Profile;
use crate::preset::provider::Provider;
use crate::preset::recipients::Recipients;
use crate::preset::traits::{IssuesBothKinds, Preset, TakesAudience, TakesClientId, sealed};
use countersign_core::{Audience, ClaimMap, ClaimRule, ConfigError, ServiceAccountRule, TokenKind};
use serde::Deserialize;

/// Amazon Cognito: tokens of a user pool, access tokens unless you ask for ID tokens.
///
/// Its access tokens name the app client in `client_id`, and an API in `aud` only if the client asked for one.
/// `token_use` tells the two kinds of token apart
/// (<https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html>).
/// Groups are in `cognito:groups`. A token of the client credentials grant has no `username`.
///
/// # Example
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use countersign_core::Verifier;
/// use countersign_providers::Cognito;
///
/// let verifier = Verifier::builder()
///     .issuer(Cognito::user_pool("eu-west-1", "eu-west-1_aBcDeFgHi").client_id("5f1exampleclient"))
///     .build()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Cognito {
    region: String,
    pool: String,
    host: &'static str,
}

/// The claims of a Cognito token. Use them as they are, or `#[serde(flatten)]` them into your own.
///
/// # Example
///
/// ```
/// use countersign_providers::CognitoClaims;
///
/// #[derive(serde::Deserialize)]
/// struct Staff {
///     #[serde(flatten)]
///     cognito: CognitoClaims,
///     #[serde(rename = "custom:department")]
///     department: Option<String>,
/// }
/// ```
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct CognitoClaims {
    /// The user's id, a UUID; the app client's id in a token of the client credentials grant.
    pub sub: String,
    /// `access` or `id`.
    pub token_use: String,
    /// The user's name: `username` of access tokens, `cognito:username` of ID tokens.
    #[serde(alias = "cognito:username")]
    pub username: Option<String>,
    /// The app client, in access tokens.
    pub client_id: Option<String>,
    /// The user's groups.
    #[serde(rename = "cognito:groups", default)]
    pub groups: Vec<String>,
    /// Scopes, separated by blanks, in access tokens.
    pub scope: Option<String>,
    /// The e-mail address, in ID tokens.
    pub email: Option<String>,
    /// True if Cognito verified the address.
    pub email_verified: Option<bool>,
}

impl Cognito {
    /// Selects the user pool of this id, such as `eu-west-1_aBcDeFgHi`, in its region.
    pub fn user_pool(region: impl Into<String>, pool: impl Into<String>) -> Provider<Self> {
        Provider::new(Self { region: region.into(), pool: pool.into(), host: "cognito-idp" })
    }
}

impl Provider<Cognito> {
    /// Expects the issuer `https://issuer-cognito-idp.REGION.amazonaws.com`, the form that AWS calls updated
    /// (<https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_IssuerConfigurationType.html>).
    pub fn updated_issuer(mut self) -> Self {
        self.preset.host = "issuer-cognito-idp";
        self
    }
}

impl sealed::Sealed for Cognito {}
impl IssuesBothKinds for Cognito {}

/// The audience is the `resource` that a client asked for, which Cognito writes into `aud`. Access tokens without `aud`
/// are accepted, too. Tokens for another API are refused.
impl TakesAudience for Cognito {}

/// The app client is required for access tokens as well as for ID tokens.
impl TakesClientId for Cognito {}

impl Preset for Cognito {
    type Claims = CognitoClaims;

    const DOCS: PresetDocs = PresetDocs {
        name: "Amazon Cognito",
        constructor: r#"Cognito::user_pool("eu-west-1", "eu-west-1_aBcDeFgHi").client_id("5f1exampleclient")"#,
        console: "Amazon Cognito > User pools > your pool > Overview (User pool ID; the region is its first part); \
                  Applications > App clients (Client ID)",
        quirks: &[
            "Access tokens name the app client in `client_id`. They have an `aud` only if the client asked for a \
             `resource`: name it with `.audience(..)`, since tokens for another API are refused.",
            "A pool whose issuer was changed to the updated form needs `.updated_issuer()`.",
            "The e-mail address is in ID tokens only.",
        ],
        sources: &[
            "https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html",
            "https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_IssuerConfigurationType.html",
        ],
    };

    const FROM_ENV: FromEnv<Self> = FromEnv {
        constructor: Constructor::Two(
            Variable::required("COGNITO_REGION", "the region, such as `eu-west-1`"),
            Variable::required("COGNITO_USER_POOL_ID", "the user pool id, such as `eu-west-1_aBcDeFgHi`"),
            Self::user_pool,
        ),
        settings: &[Setting::Each(
            Variable::required("COGNITO_CLIENT_ID", "the app client id, or several separated by commas"),
            Provider::client_id,
        )],
    };

    fn profile(self, recipients: Recipients) -> Result<Profile, ConfigError> {
        // Both become part of a host name and a path, so their form is checked (aws-jwt-verify, cognito-verifier.ts).
        let is_plain =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        let invalid =
            |what, value: &str, expected| Err(ConfigError::InvalidArgument { what, value: value.to_owned(), expected });
        if self.region.is_empty() || !is_plain(&self.region) {
            return invalid("region", &self.region, "it looks like `eu-west-1`");
        }
        let id = self.pool.strip_prefix(&self.region).and_then(|rest| rest.strip_prefix('_'));
        if id.is_none_or(|id| id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
            return invalid("user pool id", &self.pool, "it is the region, `_` and letters, as `eu-west-1_aBcDeFgHi`");
        }
        let iss = format!("https://{}.{}.amazonaws.com/{}", self.host, self.region, self.pool);
        let keys = format!("{iss}/.well-known/jwks.json");
        let access = TokenKind::access().require_value("token_use", "access");
        // An `aud` is never ignored. A trigger may write the client's own id there.
        let bound = access.clone().require(ClaimRule::one_of("client_id", recipients.clients.clone()));
        let bound_to = recipients.clients.iter().cloned().chain(recipients.audiences);
        Ok(Profile::with_keys_at(iss, &keys)?
            .access(access.require(ClaimRule::absent("aud")), Audience::claim("client_id", recipients.clients.clone()))
            .access(bound, Audience::any_of(bound_to))
            .id(TokenKind::id().require_value("token_use", "id"), Audience::client(recipients.clients))
            .claim_map(
                ClaimMap::default()
                    .username(["username", "cognito:username"])
                    .groups(["cognito:groups"])
                    .roles(["cognito:roles"])
                    .machine([ServiceAccountRule::SubjectIs("client_id")]),
            ))
    }

    fn example() -> Provider<Self> {
        Self::user_pool("eu-west-1", "eu-west-1_aBcDeFgHi").client_id("5f1exampleclient")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_core::IntoIssuer;

    #[test]
    fn arguments_that_aws_does_not_give_out_are_refused() {
        for (region, pool) in [
            ("", "_abc"),
            ("eu-west-1", "eu-west-1"),
            ("eu-west-1", "eu-west-1_"),
            ("eu-west-1", "us-east-1_abc"),
            ("eu-west-1", "eu-west-1_a/b"),
            ("evil.example/", "evil.example/_abc"),
        ] {
            assert!(Cognito::user_pool(region, pool).client_id("c").into_issuer().is_err(), "{region} {pool}");
        }
    }

    #[cfg(feature = "fetch")]
    #[tokio::test]
    async fn a_pool_without_app_client_is_refused() {
        let built = countersign_core::Verifier::builder()
            .issuer(Cognito::user_pool("eu-west-1", "eu-west-1_abc"))
            .build()
            .await;
        assert!(matches!(built, Err(ConfigError::NoAudience(_))), "{built:?}");
    }
}
