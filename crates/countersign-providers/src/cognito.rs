//! Amazon Cognito user pools.

use crate::fetch::KeyLocation;
use crate::provider::{Preset, Profile, Provider, sealed};
use crate::transport::parse_url;
use countersign_core::{Algorithm, Audience, ClaimMap, ConfigError, MachineMark, TokenKind};

/// Amazon Cognito: access tokens of a user pool.
///
/// Its access tokens have no `aud` but name the app client in `client_id`, and are marked `token_use: access`
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
    clients: Vec<String>,
}

impl Cognito {
    /// The user pool of this id, such as `eu-west-1_aBcDeFgHi`, in its region.
    pub fn user_pool(region: impl Into<String>, pool: impl Into<String>) -> Provider<Self> {
        Provider::new(Self { region: region.into(), pool: pool.into(), clients: Vec::new() })
    }
}

impl Provider<Cognito> {
    /// An app client whose tokens are accepted. Call it again for further ones.
    pub fn client_id(mut self, client: impl Into<String>) -> Self {
        self.preset.clients.push(client.into());
        self
    }
}

impl sealed::Sealed for Cognito {}

impl Preset for Cognito {
    fn profile(self) -> Result<Profile, ConfigError> {
        // Both end up in a host name and a path, so their form is checked (aws-jwt-verify, cognito-verifier.ts).
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
        let iss = format!("https://cognito-idp.{}.amazonaws.com/{}", self.region, self.pool);
        let keys = parse_url(&format!("{iss}/.well-known/jwks.json"))
            .map_err(|problem| ConfigError::InvalidIssuer { issuer: iss.clone(), problem })?;
        Ok(Profile {
            iss: iss.into(),
            keys: KeyLocation::At(keys),
            audience: Audience::claim("client_id", self.clients),
            kind: TokenKind::access().marked("token_use", "access"),
            algorithms: [Algorithm::RS256].into_iter().collect(),
            claim_map: ClaimMap::default()
                .username(["username"])
                .groups(["cognito:groups"])
                .machine([MachineMark::Without("username")]),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_core::{IntoIssuer, Verifier};

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

    #[tokio::test]
    async fn a_pool_without_app_client_is_refused() {
        let built = Verifier::builder().issuer(Cognito::user_pool("eu-west-1", "eu-west-1_abc")).build().await;
        assert!(matches!(built, Err(ConfigError::NoAudience(_))), "{built:?}");
    }
}
