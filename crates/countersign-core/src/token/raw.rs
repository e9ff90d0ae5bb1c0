//! The parts of a token: size, three parts, strict base64url, strict header (RFC 7515 sections 4 and 7.1).

use crate::error::TokenError;
use crate::json::{Json, Object};
use crate::keys::algorithm::Algorithm;
use base64_simd::{Out, URL_SAFE_NO_PAD};
use memchr::memchr_iter;

/// The maximum length of a token, in bytes. Servers limit all headers together to about this size.
const MAX_TOKEN: usize = 16 * 1024;
/// The maximum length of the header, in characters of base64url. The header is read before anything is verified. Real
/// headers have 50 to 200 characters, or several thousand with a certificate chain.
const MAX_HEADER: usize = 6 * 1024;
/// The maximum length of a signature that is decoded on the stack, in bytes. A longer one is decoded on the heap. RSA
/// keys of 4096 bits make signatures of 512 bytes.
const MAX_SIGNATURE: usize = 512;
/// The maximum length of a `kid`, in bytes.
const MAX_KID: usize = 1024;

/// A well-formed token. Nothing in it is verified yet.
#[derive(Clone, Copy)]
pub(crate) struct RawToken<'a> {
    /// The whole token.
    pub(crate) text: &'a str,
    /// The signed text: header, dot, payload, as received.
    pub(crate) signing_input: &'a str,
    pub(crate) header: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> RawToken<'a> {
    pub(crate) fn parse(token: &'a str) -> Result<Self, TokenError> {
        if token.len() > MAX_TOKEN {
            return Err(TokenError::TooLong);
        }
        let mut dots = memchr_iter(b'.', token.as_bytes());
        let (Some(first), Some(second), None) = (dots.next(), dots.next(), dots.next()) else {
            return Err(TokenError::NotCompact);
        };
        let (header, payload, signature) = (&token[..first], &token[first + 1..second], &token[second + 1..]);
        if header.is_empty() || payload.is_empty() || signature.is_empty() {
            return Err(TokenError::NotCompact);
        }
        Ok(Self { text: token, signing_input: &token[..second], header, payload, signature })
    }

    /// Parses a token that ends in the dot before the missing signature (RFC 7519 section 6.1).
    #[cfg(feature = "dangerous-unsigned")]
    pub(crate) fn parse_unsigned(token: &'a str) -> Result<Self, TokenError> {
        if token.len() > MAX_TOKEN {
            return Err(TokenError::TooLong);
        }
        let signing_input = token.strip_suffix('.').ok_or(TokenError::NotCompact)?;
        match signing_input.split_once('.') {
            Some((header, payload)) if !header.is_empty() && !payload.is_empty() => {
                Ok(Self { text: token, signing_input, header, payload, signature: "" })
            }
            _ => Err(TokenError::NotCompact),
        }
    }

    pub(crate) fn header(&self) -> Result<Header, TokenError> {
        Header::parse(&String::from_utf8(self.header_bytes()?).map_err(|_| TokenError::MalformedHeader)?)
    }

    pub(crate) fn header_bytes(&self) -> Result<Vec<u8>, TokenError> {
        if self.header.len() > MAX_HEADER {
            return Err(TokenError::MalformedHeader);
        }
        decode(self.header)
    }

    pub(crate) fn payload(&self) -> Result<Vec<u8>, TokenError> {
        decode(self.payload)
    }

    /// Checks that the third part is base64url, if no key is available to verify it.
    pub(crate) fn check_signature_form(&self) -> Result<(), TokenError> {
        self.with_signature(|_| ())
    }

    /// Decodes the signature, and passes its bytes to the closure.
    pub(crate) fn with_signature<T>(&self, then: impl FnOnce(&[u8]) -> T) -> Result<T, TokenError> {
        if self.signature.len() > 4 * MAX_SIGNATURE / 3 {
            return decode(self.signature).map(|signature| then(&signature));
        }
        let mut buffer = [0; MAX_SIGNATURE];
        URL_SAFE_NO_PAD
            .decode(self.signature.as_bytes(), Out::from_slice(&mut buffer))
            .map(|signature| then(signature))
            .map_err(|_| TokenError::NotCompact)
    }
}

/// Decodes strict base64url. The engine refuses every character outside the alphabet (RFC 8725bis: this includes
/// padding, white space and line breaks), a length of 1 mod 4, and trailing bits that are not zero.
fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode_to_vec(part).map_err(|_| TokenError::NotCompact)
}

/// The header members that are used. `jwk`, `jku`, `x5u`, `x5c` and every unknown member are ignored, so a token can
/// only name a key that its issuer has published.
#[derive(Debug, PartialEq)]
pub(crate) struct Header {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<Box<str>>,
    pub(crate) typ: Option<Box<str>>,
}

impl Header {
    fn parse(text: &str) -> Result<Self, TokenError> {
        let header = Object::parse(text).map_err(|_| TokenError::MalformedHeader)?;
        let algorithm = header
            .get("alg")
            .and_then(Json::as_str)
            .and_then(Algorithm::from_name)
            .ok_or(TokenError::AlgorithmNotAllowed)?;
        refuse_extensions(&header)?;
        let kid = string(&header, "kid")?;
        if kid.as_ref().is_some_and(|kid| kid.len() > MAX_KID) {
            return Err(TokenError::MalformedHeader);
        }
        Ok(Self { algorithm, kid, typ: string(&header, "typ")? })
    }
}

/// Refuses extensions. RFC 7515 section 4.1.11 requires every critical extension to be understood. None is supported,
/// so any `crit` is refused. `b64` (RFC 7797), `zip` (RFC 7516) and nested tokens (`cty`, RFC 7519 section 5.2) are
/// refused with or without `crit`.
pub(crate) fn refuse_extensions(header: &Object<'_>) -> Result<(), TokenError> {
    let is_extended = ["crit", "b64", "zip", "cty"].iter().any(|name| header.has(name));
    if is_extended { Err(TokenError::UnsupportedHeader) } else { Ok(()) }
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

    fn parse(token: &str) -> Result<(), TokenError> {
        let raw = RawToken::parse(token)?;
        decode(raw.header).and(raw.payload())?;
        raw.with_signature(|_| ())
    }

    #[test]
    fn only_three_parts_of_base64url_are_a_token() {
        assert_eq!(parse("e30.e30.AA"), Ok(()));
        for token in [
            "",
            ".",
            "..",
            "...",
            "AA",
            "AA.AA",
            "AA.AA.",
            ".AA.AA",
            "AA..AA",
            "AA.AA.AA.AA",
            "AA.AA.AA.AA.AA",
            "AA.AA.AA==",
            "A+.AA.AA",
            "AA/.AA.AA",
            " AA.AA.AA",
            "AA.AA.AA ",
            "AA.\nAA.AA",
            "AA.AA.ü",
            "{\"payload\":1}",
            "AA.AA.AA\r\n",
            "AA.AB.AA",
            "AA.AA.A",
            "AA.AA.AAAAA",
            "AA.AA.AAB",
            "AA.AA. AA",
        ] {
            assert_eq!(parse(token), Err(TokenError::NotCompact), "{token:?}");
        }
        assert_eq!(parse(&".".repeat(1 << 20)), Err(TokenError::TooLong));
    }
}
