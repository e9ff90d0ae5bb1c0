//! The claim rules: issuer, time, kind, audience and an issuer's own rules. The signature is verified earlier.

use crate::clock::UnixTime;
use crate::error::TokenError;
use crate::json::{Json, Object};
use crate::policy::issuer::{AcceptedToken, Policy};
use std::sync::Arc;
use std::time::Duration;

/// The result of validation.
pub(crate) struct Validated {
    /// The name under which the subject is unique.
    pub(crate) issuer: Arc<str>,
    pub(crate) times: Times,
}

/// The times of a token, from its claims.
pub(crate) struct Times {
    /// The expiry without the leeway.
    pub(crate) expires: UnixTime,
    pub(crate) issued: Option<UnixTime>,
}

/// Checks verified claims at the time `now` against the policy of the issuer that their `iss` names. The header's type
/// is `typ`.
pub(crate) fn validate(
    claims: &Object<'_>,
    typ: Option<&str>,
    policy: &Policy,
    now: UnixTime,
) -> Result<Validated, TokenError> {
    let issuer = policy.names.unique(claims)?;
    let times = check_times(claims, policy.leeway, now)?;
    if let Some(longest) = policy.max_lifetime {
        check_lifetime(&times, longest, policy.leeway, now)?;
    }
    let latest = now.saturating_add(policy.leeway);
    check_kind_and_audience(claims, typ, &policy.accepted, latest)?;
    for rule in &policy.claim_rules {
        if !rule.is_met(claims, latest)? {
            return Err(TokenError::ClaimNotAccepted(rule.claim()));
        }
    }
    Ok(Validated { issuer, times })
}

/// Checks that one accepted kind fits with its type and audience. If none fits, the error of the kind that fits without
/// its audience is returned, else the error of the first kind.
fn check_kind_and_audience(
    claims: &Object<'_>,
    typ: Option<&str>,
    accepted: &[AcceptedToken],
    latest: UnixTime,
) -> Result<(), TokenError> {
    let mut reason = None;
    // Only the kinds that accept this type are tried.
    for AcceptedToken { kind, audience } in accepted.iter().filter(|form| form.kind.accepts_type(typ)) {
        // The kind is checked before the audience. An ID token also has another audience, but the wrong kind is the
        // real reason.
        match kind.check_claims(claims, latest) {
            Ok(()) => match audience.check(claims) {
                Ok(()) => return Ok(()),
                Err(error) => reason = Some(error),
            },
            Err(error) => reason = reason.or(Some(error)),
        }
    }
    Err(reason.unwrap_or(TokenError::WrongKind))
}

/// Checks RFC 7519 sections 4.1.4 to 4.1.6. A token expires at the second of `exp` plus the leeway, not after it.
fn check_times(claims: &Object<'_>, leeway: Duration, now: UnixTime) -> Result<Times, TokenError> {
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

/// Checks the lifetime. Both times come from the issuer's clock. If the token has no `iat`, its remaining time counts,
/// with the leeway since the clocks may differ.
fn check_lifetime(times: &Times, longest: Duration, leeway: Duration, now: UnixTime) -> Result<(), TokenError> {
    let begin = times.issued.unwrap_or_else(|| now.saturating_add(leeway));
    if times.expires.saturating_duration_since(begin) > longest { Err(TokenError::LivesTooLong) } else { Ok(()) }
}

/// Reads a date. If the claim is present, it must be a valid date.
fn numeric_date(claims: &Object<'_>, name: &'static str) -> Result<Option<UnixTime>, TokenError> {
    match claims.get(name) {
        None if !claims.has(name) => Ok(None),
        value => value.and_then(Json::as_moment).map(Some).ok_or(TokenError::InvalidClaim(name)),
    }
}
