//! One verification for each request, however many extractors ask.

use crate::bearer::Credentials;
use crate::rejection::CurrentUserRejection;
use countersign_core::{TokenError, VerifiedToken, Verifier};
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
    let realm = verifier.realm();
    let token = match Credentials::find(&parts.headers) {
        Credentials::Absent => return Ok(None),
        Credentials::Malformed => return Err(CurrentUserRejection::malformed(realm)),
        Credentials::Token(token) => token,
    };
    // The earlier result counts for this verifier and these very credentials only: an app may have several verifiers,
    // and a layer may change headers on the way.
    if let Some(seen) = parts.extensions.get::<Authenticated>()
        && seen.verifier == *verifier
        && seen.token.raw().as_bytes() == token
    {
        return Ok(Some(seen.token.clone()));
    }
    let token = std::str::from_utf8(token).map_err(|_| TokenError::NotCompact.into());
    let verified = match token {
        Ok(token) => verifier.verify(token).await,
        Err(error) => Err(error),
    };
    let token = verified.map_err(|error| CurrentUserRejection::refused(realm, error))?;
    parts.extensions.insert(Authenticated { verifier: verifier.clone(), token: token.clone() });
    Ok(Some(token))
}

/// As [`authenticate`], for those who demand credentials.
pub(crate) async fn require_token(
    parts: &mut Parts,
    verifier: &Verifier,
) -> Result<VerifiedToken, CurrentUserRejection> {
    authenticate(parts, verifier).await?.ok_or_else(|| CurrentUserRejection::missing(verifier.realm()))
}
