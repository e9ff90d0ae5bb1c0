//! One verification for each request, however many extractors ask.
//!
//! A verifier that keeps verified tokens gives the same one to each of them. For one that does not, the first extractor
//! leaves it behind in the request, which costs twice as much as a look into the cache.

use crate::http_settings::Http;
use crate::rejection::CurrentUserRejection;
use crate::source::bearer::Credentials;
use countersign_core::{Caller, TokenError, VerifiedToken, Verifier, VerifyError};
use http::request::Parts;

/// What an earlier extractor of the same request left behind. The type is private: nothing else can put it there.
#[derive(Clone)]
struct Authenticated {
    verifier: Verifier,
    token: VerifiedToken,
}

/// The verified token of a request; `None` when it carries no credentials.
pub(crate) async fn authenticate(
    parts: &mut Parts,
    verifier: &Verifier,
) -> Result<Option<VerifiedToken>, CurrentUserRejection> {
    let verdict = match find(parts, verifier)? {
        Found::Nothing => return Ok(None),
        Found::Seen(token) => return Ok(Some(token)),
        Found::Token(token) => verifier.verify(token).await,
    };
    conclude(parts, verifier, verdict).map(Some)
}

/// As [`authenticate`], where nothing can wait; `None` when the verdict must wait for a key.
pub(crate) fn authenticate_now(
    parts: &mut Parts,
    verifier: &Verifier,
) -> Option<Result<Option<VerifiedToken>, CurrentUserRejection>> {
    let verdict = match find(parts, verifier) {
        Err(rejection) => return Some(Err(rejection)),
        Ok(Found::Nothing) => return Some(Ok(None)),
        Ok(Found::Seen(token)) => return Some(Ok(Some(token))),
        Ok(Found::Token(token)) => verifier.verify_now(token)?,
    };
    Some(conclude(parts, verifier, verdict).map(Some))
}

/// What a request carries, as far as this verifier is concerned.
enum Found<'a> {
    Nothing,
    /// An earlier extractor has had it verified.
    Seen(VerifiedToken),
    Token(&'a str),
}

fn find<'a>(parts: &'a Parts, verifier: &Verifier) -> Result<Found<'a>, CurrentUserRejection> {
    let credentials = match verifier.attachment::<Http>() {
        None => Credentials::find(&parts.headers),
        Some(http) => http.sources.find(parts),
    };
    let token = match credentials {
        Credentials::Absent => return Ok(Found::Nothing),
        Credentials::Malformed => return Err(CurrentUserRejection::malformed(verifier)),
        Credentials::CrossOrigin => return Err(CurrentUserRejection::cross_origin(verifier)),
        Credentials::Token(token) => token,
    };
    // The earlier result counts for this verifier and these very credentials only: an app may have several verifiers,
    // and a layer may change headers on the way.
    if !verifier.has_token_cache()
        && let Some(seen) = parts.extensions.get::<Authenticated>()
        && seen.verifier == *verifier
        && seen.token.raw().as_bytes() == token
    {
        return Ok(Found::Seen(seen.token.clone()));
    }
    std::str::from_utf8(token)
        .map(Found::Token)
        .map_err(|_| CurrentUserRejection::refused(verifier, TokenError::NotCompact.into()))
}

/// Leaves a verified token for the extractors that follow.
fn conclude(
    parts: &mut Parts,
    verifier: &Verifier,
    verdict: Result<VerifiedToken, VerifyError>,
) -> Result<VerifiedToken, CurrentUserRejection> {
    let token = verdict.map_err(|error| CurrentUserRejection::refused(verifier, error))?;
    if !verifier.has_token_cache() {
        parts.extensions.insert(Authenticated { verifier: verifier.clone(), token: token.clone() });
    }
    Ok(token)
}

/// As [`authenticate`], for those who demand credentials.
pub(crate) async fn require_token(
    parts: &mut Parts,
    verifier: &Verifier,
) -> Result<VerifiedToken, CurrentUserRejection> {
    authenticate(parts, verifier).await.and_then(|token| demand(token, verifier))
}

/// As [`require_token`], where nothing can wait; `None` when the verdict must wait for a key.
pub(crate) fn require_token_now(
    parts: &mut Parts,
    verifier: &Verifier,
) -> Option<Result<VerifiedToken, CurrentUserRejection>> {
    Some(authenticate_now(parts, verifier)?.and_then(|token| demand(token, verifier)))
}

fn demand(token: Option<VerifiedToken>, verifier: &Verifier) -> Result<VerifiedToken, CurrentUserRejection> {
    token.ok_or_else(|| CurrentUserRejection::missing(verifier))
}

/// The caller with what was granted outside of the token.
pub(crate) async fn granted(token: VerifiedToken, verifier: &Verifier) -> Result<Caller, CurrentUserRejection> {
    verifier.caller(&token).await.map_err(|error| CurrentUserRejection::refused(verifier, error.into()))
}
