//! The claim rules: issuer, audience, time and kind. Nothing here looks at the signature, which stands before it.

use crate::error::TokenError;
use crate::issuer::Policy;
use crate::json::{Json, Object};
use std::time::Duration;

/// When a token begins and ends, by its own words.
pub(crate) struct Times {
    pub(crate) expires: Duration,
    pub(crate) issued: Option<Duration>,
}

/// Checks verified claims against the issuer's policy at `now`.
pub(crate) fn validate(claims: &Object<'_>, policy: &Policy, now: Duration) -> Result<Times, TokenError> {
    check_issuer(claims, &policy.iss)?;
    let times = check_times(claims, policy.leeway, now)?;
    // The kind before the audience: an ID token is for another audience, too, but that is not what is wrong with it.
    policy.kind.check_claims(claims)?;
    policy.audience.check(claims)?;
    Ok(times)
}

/// OpenID Connect Core section 3.1.3.7, RFC 9068 section 4: identical, so no other case, slash or prefix.
fn check_issuer(claims: &Object<'_>, expected: &str) -> Result<(), TokenError> {
    match claims.get("iss").ok_or(TokenError::MissingClaim("iss"))? {
        Json::String(iss) if *iss == expected => Ok(()),
        Json::String(_) => Err(TokenError::UnknownIssuer),
        _ => Err(TokenError::InvalidClaim("iss")),
    }
}

/// RFC 7519 sections 4.1.4 to 4.1.6. A token is over at the second of `exp` plus the leeway, not after it.
fn check_times(claims: &Object<'_>, leeway: Duration, now: Duration) -> Result<Times, TokenError> {
    let expires = numeric_date(claims, "exp")?.ok_or(TokenError::MissingClaim("exp"))?;
    if now >= expires.saturating_add(leeway) {
        return Err(TokenError::Expired);
    }
    let latest = now.saturating_add(leeway);
    if numeric_date(claims, "nbf")?.is_some_and(|not_before| not_before > latest) {
        return Err(TokenError::NotYetValid);
    }
    let issued = numeric_date(claims, "iat")?;
    if issued.is_some_and(|issued| issued > latest) {
        return Err(TokenError::IssuedInFuture);
    }
    Ok(Times { expires, issued })
}

/// Seconds since 1970, whole or fractional (RFC 7519 section 2), neither negative nor beyond what a span can hold.
fn numeric_date(claims: &Object<'_>, name: &'static str) -> Result<Option<Duration>, TokenError> {
    match claims.get(name) {
        None if !claims.has(name) => Ok(None),
        Some(Json::Integer(seconds)) => Ok(Some(Duration::from_secs(*seconds))),
        Some(Json::Number(seconds)) => {
            Duration::try_from_secs_f64(*seconds).map(Some).map_err(|_| TokenError::InvalidClaim(name))
        }
        _ => Err(TokenError::InvalidClaim(name)),
    }
}
