//! Authentication of clients at the token endpoint. Every client id is accepted, and secrets are ignored.

use crate::oauth::{OAuthError, Parameters};
use axum::http::HeaderMap;
use axum_extra::headers::authorization::Basic;
use axum_extra::headers::{Authorization, HeaderMapExt};
use url::form_urlencoded;

/// Reads the client id from the `Authorization` header or from the body (RFC 6749 section 2.3.1).
pub(crate) fn client_id(headers: &HeaderMap, parameters: &Parameters) -> Result<String, OAuthError> {
    let in_body = parameters.optional("client_id")?;
    let credentials = headers.typed_try_get::<Authorization<Basic>>().map_err(|_| invalid_credentials())?;
    let Some(Authorization(credentials)) = credentials else {
        return parameters.required("client_id").map(str::to_owned);
    };
    let in_header = decoded(credentials.username()).ok_or_else(invalid_credentials)?;
    if in_body.is_some_and(|in_body| in_body != in_header) {
        return Err(OAuthError::invalid_request("`client_id` and `Authorization` name two clients: send one"));
    }
    Ok(in_header)
}

fn invalid_credentials() -> OAuthError {
    OAuthError::invalid_client("`Authorization` must be Basic, with id and secret form-encoded")
}

/// Decodes a client id, which OAuth form-encodes within Basic credentials.
fn decoded(username: &str) -> Option<String> {
    // A form-encoded id contains no `=` and no `&`, so it parses as the name of one parameter.
    form_urlencoded::parse(username.as_bytes()).next().map(|(id, _)| id.into_owned()).filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderValue, header};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn a_client_id_is_in_the_header_or_in_the_body() {
        for (basic, body, expected) in [
            (None, "client_id=svc", Ok("svc")),
            (None, "client_id=svc&client_secret=s", Ok("svc")),
            (Some("svc:secret"), "", Ok("svc")),
            (Some("svc:"), "client_id=svc", Ok("svc")),
            (Some("urn%3Asvc:secret:more"), "", Ok("urn:svc")),
            (Some("a+b%2Bc:s%3D"), "client_id=a%20b%2Bc", Ok("a b+c")),
            (None, "", Err("invalid_request")),
            (None, "client_id=", Err("invalid_request")),
            (Some("svc:secret"), "client_id=other", Err("invalid_request")),
            (Some("svc"), "", Err("invalid_client")),
            (Some(":secret"), "client_id=svc", Err("invalid_client")),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(basic) = basic {
                let value = format!("Basic {}", STANDARD.encode(basic));
                headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            }
            let read = client_id(&headers, &Parameters::parse(body.as_bytes()).unwrap());
            assert_eq!(read.as_deref().map_err(|error| error.code), expected, "{basic:?} {body}");
        }
    }

    #[test]
    fn a_malformed_header_is_an_invalid_client() {
        for value in ["Bearer c3ZjOnM=", "Basic", "Basic ", "Basic %", "Basicc3ZjOnM=", "Basic /zpz", "Basic PTpz", ""]
        {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(value))]);
            let read = client_id(&headers, &Parameters::parse(b"client_id=svc").unwrap());
            assert_eq!(read.map_err(|error| error.code), Err("invalid_client"), "{value}");
        }
    }
}
