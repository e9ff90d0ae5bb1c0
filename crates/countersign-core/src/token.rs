//! The outside of a token: size, alphabet, three parts, strict header (RFC 7515 sections 4 and 7.1).

use crate::algorithm::Algorithm;
use crate::error::TokenError;
use crate::json::{Json, Object};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The longest token that is looked at, in bytes. Servers cap all headers at about this size.
const MAX_TOKEN: usize = 16 * 1024;
/// The longest `kid`, in bytes.
const MAX_KID: usize = 1024;
/// The longest signature, in bytes: RSA with 8192 bits.
const MAX_SIGNATURE: usize = 1024;

/// A token of the right form, about which nothing is known yet.
#[derive(Clone, Copy)]
pub(crate) struct RawToken<'a> {
    /// What is signed: header, dot, payload, as they came.
    pub(crate) signing_input: &'a str,
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> RawToken<'a> {
    pub(crate) fn parse(token: &'a str) -> Result<Self, TokenError> {
        if token.len() > MAX_TOKEN {
            return Err(TokenError::TooLong);
        }
        // RFC 8725bis: nothing but [A-Za-z0-9-_.], so padding, white space and line breaks end here.
        if !token.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')) {
            return Err(TokenError::NotCompact);
        }
        let mut parts = token.splitn(4, '.');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(header), Some(payload), Some(signature), None)
                if !header.is_empty() && !payload.is_empty() && !signature.is_empty() =>
            {
                let signing_input = &token[..header.len() + 1 + payload.len()];
                Ok(Self { signing_input, header, payload, signature })
            }
            _ => Err(TokenError::NotCompact),
        }
    }

    pub(crate) fn header(&self) -> Result<Header, TokenError> {
        Header::parse(&decode(self.header)?)
    }

    pub(crate) fn payload(&self) -> Result<Vec<u8>, TokenError> {
        decode(self.payload)
    }

    /// The signature's bytes, in a buffer of the caller's.
    pub(crate) fn signature<'b>(&self, buffer: &'b mut SignatureBuffer) -> Result<&'b [u8], TokenError> {
        let length = URL_SAFE_NO_PAD.decode_slice(self.signature, &mut buffer.0).map_err(|error| match error {
            base64::DecodeSliceError::DecodeError(_) => TokenError::NotCompact,
            base64::DecodeSliceError::OutputSliceTooSmall => TokenError::BadSignature,
        })?;
        Ok(&buffer.0[..length])
    }
}

/// Room for the longest signature, on the stack.
pub(crate) struct SignatureBuffer([u8; MAX_SIGNATURE]);

impl SignatureBuffer {
    pub(crate) const fn new() -> Self {
        Self([0; MAX_SIGNATURE])
    }
}

/// The engine refuses padding, foreign characters, a length of 1 mod 4 and trailing bits that are not zero.
fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::NotCompact)
}

/// What is used of a header. `jwk`, `jku`, `x5u`, `x5c` and every unknown member are ignored: a token never says
/// which key to believe it by, beyond naming one that its issuer published.
#[derive(Debug, PartialEq)]
pub(crate) struct Header {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<Box<str>>,
    pub(crate) typ: Option<Box<str>>,
}

impl Header {
    fn parse(text: &[u8]) -> Result<Self, TokenError> {
        let header = Object::parse(text).map_err(|_| TokenError::MalformedHeader)?;
        let algorithm = header
            .get("alg")
            .and_then(Json::as_str)
            .and_then(Algorithm::from_name)
            .ok_or(TokenError::AlgorithmNotAllowed)?;
        // RFC 7515 section 4.1.11: what is critical must be understood. No extension is, so any `crit` is refused,
        // `b64` (RFC 7797), `zip` (RFC 7516) and nested tokens (`cty`, RFC 7519 section 5.2) with or without it.
        if ["crit", "b64", "zip", "cty"].iter().any(|name| header.has(name)) {
            return Err(TokenError::UnsupportedHeader);
        }
        let kid = string(&header, "kid")?;
        if kid.as_ref().is_some_and(|kid| kid.len() > MAX_KID) {
            return Err(TokenError::MalformedHeader);
        }
        Ok(Self { algorithm, kid, typ: string(&header, "typ")? })
    }
}

fn string(header: &Object<'_>, name: &str) -> Result<Option<Box<str>>, TokenError> {
    match header.get(name) {
        Some(Json::String(text)) => Ok(Some(text.as_ref().into())),
        None if !header.has(name) => Ok(None),
        _ => Err(TokenError::MalformedHeader),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_three_parts_of_base64url_are_a_token() {
        assert!(RawToken::parse("e30.e30.AA").is_ok());
        for token in [
            "",
            ".",
            "..",
            "...",
            "a",
            "a.b",
            "a.b.",
            ".b.c",
            "a..c",
            "a.b.c.d",
            "a.b.c.d.e",
            "a.b.c=",
            "a+.b.c",
            "a/.b.c",
            " a.b.c",
            "a.b.c ",
            "a.\nb.c",
            "a.b.ü",
            "{\"payload\":1}",
        ] {
            assert_eq!(RawToken::parse(token).err(), Some(TokenError::NotCompact), "{token:?}");
        }
        assert_eq!(RawToken::parse(&".".repeat(1 << 20)).err(), Some(TokenError::TooLong));
    }

    #[test]
    fn trailing_bits_and_odd_lengths_are_refused() {
        for part in ["AB", "A", "AAAAA", "AAB"] {
            assert_eq!(decode(part), Err(TokenError::NotCompact), "{part}");
        }
    }
}
