//! What the tokens say.

use serde::Deserialize;
use serde_json::{Value, json};

/// Whom the tokens are for.
pub const AUDIENCE: &str = "https://api.example.com";

/// Whom the tokens speak of; the body of every good answer.
pub const SUBJECT: &str = "f6b1c2d4-8a0e-4c57-9a3b-2d1e4f5a6b7c00";

/// As long as the token of the first-sight benchmark.
const LENGTH: usize = 755;

/// Header, payload and signature of a token of that length: 59 + 352 + 342 characters and two dots.
const PAYLOAD: usize = 264;

/// The claims that the handlers ask for.
#[derive(Clone, Debug, Deserialize)]
pub struct Staff {
    /// Whom the token speaks of.
    pub sub: String,
    /// Where to write to.
    pub email: String,
    /// What the caller belongs to.
    pub groups: Vec<String>,
    /// When the token ends.
    pub exp: u64,
}

/// What is wrong with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadToken {
    /// Its payload is not what was signed.
    Tampered,
    /// It is for somebody else.
    OtherAudience,
    /// It comes from somebody else.
    OtherIssuer,
    /// It has ended.
    Expired,
}

impl BadToken {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Tampered, Self::OtherAudience, Self::OtherIssuer, Self::Expired];
}

/// The payload of a good token; each number makes another token of the same length.
pub(crate) fn payload(issuer: &str, number: usize) -> String {
    let mut claims = claims(issuer);
    let width = PAYLOAD - claims.to_string().len();
    claims["jti"] = format!("{number:0width$}").into();
    claims.to_string()
}

/// The payload of a bad one. A tampered token has a good one, and another token's signature.
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

/// Stops whoever changes the claims without the length that the reports name.
pub(crate) fn measured(token: String) -> String {
    assert_eq!(token.len(), LENGTH, "the reports speak of tokens of {LENGTH} bytes");
    token
}

fn claims(issuer: &str) -> Value {
    json!({
        "iss": issuer, "aud": AUDIENCE, "sub": SUBJECT, "azp": "web", "iat": 1_700_000_000_u64, "exp": 4_000_000_000_u64,
        "email": "alice@example.com", "scope": "openid reports:read", "groups": ["admin", "staff"], "jti": "",
    })
}
