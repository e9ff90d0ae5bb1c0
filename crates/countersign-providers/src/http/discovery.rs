//! OpenID Connect Discovery 1.0: from an issuer to its keys.

use crate::http::documents::Http;
use crate::http::url_policy::{is_this_machine, parse_url};
use countersign_core::FetchError;
use serde::Deserialize;
use url::Url;

/// A provider's discovery document, reduced to the members that are used.
///
/// # Example
///
/// ```no_run
/// # async fn example() -> Result<(), countersign_core::FetchError> {
/// use countersign_providers::Oidc;
///
/// let metadata = Oidc::issuer("https://idp.example.com").metadata().await?;
/// println!("log in at {:?}", metadata.authorization_endpoint());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ProviderMetadata {
    url: Url,
    document: Document,
}

#[derive(Clone, Debug, Deserialize)]
struct Document {
    issuer: String,
    jwks_uri: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
}

impl ProviderMetadata {
    /// Fetches the document at `url`.
    ///
    /// Section 4.3: the document's `issuer` must be identical to the configured one. Otherwise another issuer could
    /// impersonate it.
    pub(crate) async fn fetch(http: &Http, url: Url, issuer: &str) -> Result<Self, FetchError> {
        let document = http.document(url.clone(), "application/json", None).await?;
        let metadata = Document::read(&document.body.unwrap_or_default())?;
        if metadata.issuer != issuer {
            return Err(FetchError::new(
                "the discovery document names another issuer: configure the issuer exactly as the document writes it",
                format!("it says `{}`", metadata.issuer),
            ));
        }
        Ok(Self { url, document: metadata })
    }

    /// The URL of the document.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// The URL at which users log in.
    pub fn authorization_endpoint(&self) -> Option<&str> {
        self.document.authorization_endpoint.as_deref()
    }

    /// The URL at which clients get tokens.
    pub fn token_endpoint(&self) -> Option<&str> {
        self.document.token_endpoint.as_deref()
    }

    /// The URL of the keys.
    pub(crate) fn jwks_uri(&self) -> Result<Url, FetchError> {
        self.document.jwks_uri()
    }
}

impl Document {
    fn read(text: &[u8]) -> Result<Self, FetchError> {
        // A derived type accepts a JSON array in place of an object.
        if !text.trim_ascii_start().starts_with(b"{") {
            return Err("the discovery document is not a JSON object".into());
        }
        serde_json::from_slice(text).map_err(|error| FetchError::new("the discovery document is malformed", error))
    }

    fn jwks_uri(&self) -> Result<Url, FetchError> {
        let jwks_uri =
            parse_url(&self.jwks_uri).map_err(|problem| FetchError::new("`jwks_uri` is refused", problem))?;
        if self.issuer.starts_with("https:") && jwks_uri.scheme() != "https" {
            return Err("`jwks_uri` is http, but the issuer is https".into());
        }
        // Loopback is allowed only if the issuer itself is on loopback.
        if is_this_machine(&jwks_uri) && !parse_url(&self.issuer).is_ok_and(|issuer| is_this_machine(&issuer)) {
            return Err("`jwks_uri` leads to this machine, but the issuer is elsewhere".into());
        }
        Ok(jwks_uri)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_one_object() {
        let (issuer, keys) = (r#""issuer":"https://a.example""#, r#""jwks_uri":"https://a.example/keys""#);
        for good in
            [format!("{{{issuer},{keys}}}"), format!("\n{{{issuer},{keys},\"token_endpoint\":null,\"more\":[1]}} ")]
        {
            assert!(Document::read(good.as_bytes()).is_ok(), "{good}");
        }
        for bad in [
            String::new(),
            "null".to_owned(),
            r#"["https://a.example","https://a.example/keys",null,null]"#.to_owned(),
            r#" ["https://a.example","https://a.example/keys",null,null]"#.to_owned(),
            format!("[{{{issuer},{keys}}}]"),
            format!("{{{issuer},{keys}}}]"),
            format!("{{{issuer},{issuer},{keys}}}"),
            format!("{{{issuer},{keys},{keys}}}"),
            format!("{{{issuer}}}"),
            format!("{{{keys}}}"),
        ] {
            assert!(Document::read(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_document_leads_no_worse_way_than_its_issuer() {
        for (issuer, jwks_uri, expected) in [
            ("https://a.example", "https://a.example/keys", true),
            ("https://a.example", "https://keys.example/a", true),
            ("https://a.example", "http://a.example/keys", false),
            ("https://a.example", "http://127.0.0.1/keys", false),
            ("https://a.example", "https://127.0.0.1/keys", false),
            ("https://a.example", "https://localhost/keys", false),
            ("https://a.example", "https://x.LOCALHOST./keys", false),
            ("https://a.example", "https://localhost.example/keys", true),
            ("https://a.example", "https://[::ffff:127.0.0.1]/keys", false),
            ("http://localhost:9000", "http://127.0.0.1:9000/keys", true),
            ("http://127.0.0.1:9000", "https://a.example/keys", true),
            ("https://a.example", "file:///etc/passwd", false),
        ] {
            let metadata: Document =
                serde_json::from_value(serde_json::json!({ "issuer": issuer, "jwks_uri": jwks_uri })).unwrap();
            assert_eq!(metadata.jwks_uri().is_ok(), expected, "{jwks_uri} of {issuer}");
        }
    }
}
