//! Who asks at the token endpoint. Every client is known here, and no secret is looked at.

use super::oauth_error::OAuthError;
use super::parameters::Parameters;
use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded;

/// The client's id: of the `Authorization` header, or of the body (RFC 6749 section 2.3.1).
pub(crate) fn client_id(headers: &HeaderMap, parameters: &Parameters) -> Result<String, OAuthError> {
    let in_body = parameters.one("client_id")?;
    let Some(credentials) = headers.get(header::AUTHORIZATION) else {
        return parameters.required("client_id").map(str::to_owned);
    };
    let in_header = of_basic(credentials)
        .ok_or_else(|| OAuthError::invalid_client("`Authorization` must be Basic, with id and secret form-encoded"))?;
    if in_body.is_some_and(|in_body| in_body != in_header) {
        return Err(OAuthError::invalid_request("`client_id` and `Authorization` name two clients: send one"));
    }
    Ok(in_header)
}

fn of_basic(credentials: &HeaderValue) -> Option<String> {
    let (scheme, encoded) = credentials.to_str().ok()?.split_once(' ')?;
    let decoded = STANDARD.decode(encoded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let id = decoded.split(|byte| *byte == b':').next().filter(|id| !id.is_empty() && id.len() < decoded.len())?;
    // The id is form-encoded in there. Neither `=` nor `&` is in it then, so that it reads as a name.
    form_urlencoded::parse(id).next().map(|(id, _)| id.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_names_itself_once() {
        for (basic, body, expected) in [
            (None, "client_id=svc", Ok("svc")),
            (None, "client_id=svc&client_secret=s", Ok("svc")),
            (Some("svc:secret"), "", Ok("svc")),
            (Some("svc:"), "client_id=svc", Ok("svc")),
            (Some("urn%3Asvc:secret:more"), "", Ok("urn:svc")),
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
    fn another_scheme_is_no_client() {
        for value in ["Bearer c3ZjOnM=", "Basic", "Basic %", ""] {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(value))]);
            let read = client_id(&headers, &Parameters::parse(b"client_id=svc").unwrap());
            assert_eq!(read.map_err(|error| error.code), Err("invalid_client"), "{value}");
        }
    }
}
