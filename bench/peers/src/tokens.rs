//! The contents of the tokens.

use serde::Deserialize;
use serde_json::{Value, json};

/// The audience of the tokens.
pub const AUDIENCE: &str = "https://api.example.com";

/// The subject of the tokens, which is the body of every successful response.
pub const SUBJECT: &str = "f6b1c2d4-8a0e-4c57-9a3b-2d1e4f5a6b7c00";

/// The length of the token in the first-sight benchmark.
const LENGTH: usize = 755;

/// Header, payload and signature of a token of that length: 59 + 352 + 342 characters and two dots.
const PAYLOAD: usize = 264;

/// The claims that the handlers use.
#[derive(Clone, Debug, Deserialize)]
pub struct Staff {
    /// The subject.
    pub sub: String,
    /// The e-mail address.
    pub email: String,
    /// The caller's groups.
    pub groups: Vec<String>,
    /// The expiry of the token.
    pub exp: u64,
}

/// The fault of an invalid token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadToken {
    /// The payload was changed after signing.
    Tampered,
    /// Another audience.
    OtherAudience,
    /// Another issuer.
    OtherIssuer,
    /// Expired.
    Expired,
}

impl BadToken {
    /// All faults.
    pub const ALL: [Self; 4] = [Self::Tampered, Self::OtherAudience, Self::OtherIssuer, Self::Expired];
}

/// The payload of a valid token. Each number gives another token of the same length.
pub(crate) fn payload(issuer: &str, number: usize) -> String {
    let mut claims = claims(issuer);
    let width = PAYLOAD - claims.to_string().len();
    claims["jti"] = format!("{number:0width$}").into();
    claims.to_string()
}

/// The payload of an invalid token. A tampered token has a valid payload with the signature of another token.
pub(crate) fn bad_payload(issuer: &str, bad: BadToken) -> String {
    let mut claims = claims(issuer);
    claims["jti"] = "bad".into();
    match bad {
        BadToken::Tampered => {}
        BadToken::OtherAudience => claims["aud"] = "https://other.example.com".into(),
        BadToken::OtherIssuer => claims["iss"] = "https://other.example.com".into(),
        BadToken::Expired => claims["exp"] = 1_700_000_060_u64.into(),
    }
    claims.to_string()
}

/// Checks that the token has the length that the reports name.
pub(crate) fn measured(token: String) -> String {
    assert_eq!(token.len(), LENGTH, "the reports name tokens of {LENGTH} bytes");
    token
}

fn claims(issuer: &str) -> Value {
    json!({
        "iss": issuer, "aud": AUDIENCE, "sub": SUBJECT, "azp": "web", "iat": 1_700_000_000_u64, "exp": 4_000_000_000_u64,
        "email": "alice@example.com", "scope": "openid reports:read", "groups": ["admin", "staff"], "jti": "",
    })
}
