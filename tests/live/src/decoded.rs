//! The contents of a token, without verification.

use crate::Result;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;

/// The algorithm in the header, which shows that each algorithm was tested.
pub(crate) fn header(token: &str) -> Result<Value> {
    part(token, 0)
}

pub(crate) fn claims(token: &str) -> Result<Value> {
    part(token, 1)
}

fn part(token: &str, index: usize) -> Result<Value> {
    let encoded = token.split('.').nth(index).unwrap_or_default();
    Ok(serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(encoded)?)?)
}
