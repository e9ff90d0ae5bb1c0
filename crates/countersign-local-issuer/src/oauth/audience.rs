//! The audience that a client requests for its access token.

use super::error::OAuthError;
use super::parameters::Parameters;
use url::Url;

/// Reads the audience from `resource` (RFC 8707) and `audience` (the name that Auth0 uses). `None` leaves the choice to
/// the issuer.
pub(crate) fn requested_audience(parameters: &Parameters) -> Result<Option<Vec<String>>, OAuthError> {
    let mut audience: Vec<String> = Vec::new();
    for resource in parameters.all("resource") {
        // RFC 8707 section 2.
        if !Url::parse(resource).is_ok_and(|url| url.fragment().is_none()) {
            return Err(OAuthError::invalid_target("`resource` must be an absolute URI without fragment"));
        }
        audience.push(resource.to_owned());
    }
    audience.extend(parameters.optional("audience")?.map(str::to_owned));
    audience.dedup();
    Ok(Some(audience).filter(|audience| !audience.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audience_is_a_resource_or_a_name() {
        for (encoded, expected) in [
            ("", Ok(None)),
            ("resource=https://a.example", Ok(Some(vec!["https://a.example"]))),
            ("resource=urn:reports&resource=https://b.example", Ok(Some(vec!["urn:reports", "https://b.example"]))),
            ("audience=reports", Ok(Some(vec!["reports"]))),
            ("resource=https://a.example&audience=https://a.example", Ok(Some(vec!["https://a.example"]))),
            ("resource=reports", Err("invalid_target")),
            ("resource=https://a.example%23x", Err("invalid_target")),
            ("audience=a&audience=b", Err("invalid_request")),
        ] {
            let read = requested_audience(&Parameters::parse(encoded.as_bytes()).unwrap()).map_err(|error| error.code);
            let expected = expected.map(|names| names.map(|names| names.into_iter().map(str::to_owned).collect()));
            assert_eq!(read, expected, "{encoded}");
        }
    }
}
