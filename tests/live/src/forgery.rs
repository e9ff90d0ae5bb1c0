//! Forged tokens, made of genuine ones.

use crate::Result;
use crate::decoded::header;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

/// The token with another signature. The first character is changed, since the last one has unused bits.
pub(crate) fn tampered(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap_or_default();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{signed}.{first}{}", signature.get(1..).unwrap_or_default())
}

/// The token with the signature of another one.
pub(crate) fn grafted(token: &str, other: &str) -> String {
    let (signed, _) = token.rsplit_once('.').unwrap_or_default();
    let (_, signature) = other.rsplit_once('.').unwrap_or_default();
    format!("{signed}.{signature}")
}

/// The same claims under `alg: none`, without a signature.
pub(crate) fn unsigned(token: &str) -> String {
    let payload = token.split('.').nth(1).unwrap_or_default();
    let header = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0"; // {"alg":"none","typ":"at+jwt"}
    format!("{header}.{payload}.")
}

/// The token with another `kid`, and without a valid signature.
pub(crate) fn renamed_key(token: &str, kid: &str) -> Result<String> {
    let (_, rest) = token.split_once('.').ok_or("a token of one part")?;
    let mut header = header(token)?;
    header["kid"] = kid.into();
    Ok(format!("{}.{rest}", BASE64_URL_SAFE_NO_PAD.encode(header.to_string())))
}
