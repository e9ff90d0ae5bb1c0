//! OpenID Connect Discovery 1.0: from an issuer to its keys.

use crate::fetch::document;
use crate::transport::parse_url;
use countersign_core::FetchError;
use reqwest::Client;
use serde::Deserialize;
use url::Url;

/// The members of a discovery document that are used.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

/// Asks the issuer where its keys are.
///
/// Section 4.3: the document's `issuer` must be identical to the one that was asked, or another issuer could speak in
/// its place.
pub(crate) async fn jwks_uri(client: &Client, issuer: &str) -> Result<Url, FetchError> {
    let url = parse_url(&discovery_url(issuer))?;
    let document = document(client, url, "application/json").await?;
    let metadata: Metadata = serde_json::from_slice(&document.body)
        .map_err(|error| FetchError::new("the discovery document cannot be read", error))?;
    if metadata.issuer != issuer {
        return Err(FetchError::new(
            "the discovery document is another issuer's: configure the issuer exactly as it says",
            format!("it says `{}`", metadata.issuer),
        ));
    }
    let jwks_uri =
        parse_url(&metadata.jwks_uri).map_err(|problem| FetchError::new("`jwks_uri` is refused", problem))?;
    if issuer.starts_with("https:") && jwks_uri.scheme() != "https" {
        return Err("`jwks_uri` is http under an https issuer".into());
    }
    Ok(jwks_uri)
}

/// Section 4.1: a terminating slash of the issuer is removed before the path is appended.
fn discovery_url(issuer: &str) -> String {
    format!("{}/.well-known/openid-configuration", issuer.strip_suffix('/').unwrap_or(issuer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slash_at_the_end_does_not_double() {
        for (issuer, expected) in [
            ("https://a.example", "https://a.example/.well-known/openid-configuration"),
            ("https://a.example/", "https://a.example/.well-known/openid-configuration"),
            ("https://a.example/realms/x", "https://a.example/realms/x/.well-known/openid-configuration"),
        ] {
            assert_eq!(discovery_url(issuer), expected);
        }
    }
}
