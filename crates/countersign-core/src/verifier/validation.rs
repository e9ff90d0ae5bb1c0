//! The claim rules: issuer, time, kind, audience and an issuer's own rules. The signature is verified before.

use crate::clock::UnixTime;
use crate::error::TokenError;
use crate::json::{Json, Object};
use crate::policy::issuer::{AcceptedToken, Policy};
use std::sync::Arc;
use std::time::Duration;

/// The result of validation.
pub(crate) struct Validated {
    /// The name that the subject is unique under.
    pub(crate) issuer: Arc<str>,
    pub(crate) times: Times,
}

/// The times of a token, by its own claims.
pub(crate) struct Times {
    /// Without the leeway.
    pub(crate) expires: UnixTime,
    pub(crate) issued: Option<UnixTime>,
}

/// Checks verified claims, under a header with this `typ`, against the policy of the issuer that their `iss` names, at `now`.
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

/// One kind with its type and audience must fit. Where none does, the one whose kind fits says why, else the first.
fn check_kind_and_audience(
    claims: &Object<'_>,
    typ: Option<&str>,
    accepted: &[AcceptedToken],
    latest: UnixTime,
) -> Result<(), TokenError> {
    let mut reason = None;
    // A type that one kind accepts says nothing for another one.
    for AcceptedToken { kind, audience } in accepted.iter().filter(|form| form.kind.accepts_type(typ)) {
        // The kind before the audience: an ID token is for another audience, too, but that is not what is wrong with it.
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

/// RFC 7519 sections 4.1.4 to 4.1.6. A token is over at the second of `exp` plus the leeway, not after it.
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

/// Both ends are by the issuer's own clock. Without a beginning the token's rest counts, and the clocks may differ.
fn check_lifetime(times: &Times, longest: Duration, leeway: Duration, now: UnixTime) -> Result<(), TokenError> {
    let begin = times.issued.unwrap_or_else(|| now.saturating_add(leeway));
    if times.expires.saturating_duration_since(begin) > longest { Err(TokenError::LivesTooLong) } else { Ok(()) }
}

/// A date that is there must be one.
fn numeric_date(claims: &Object<'_>, name: &'static str) -> Result<Option<UnixTime>, TokenError> {
    match claims.get(name) {
        None if !claims.has(name) => Ok(None),
        value => value.and_then(Json::as_moment).map(Some).ok_or(TokenError::InvalidClaim(name)),
    }
}
