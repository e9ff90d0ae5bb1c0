//! The one way from a request, or a bare token, to an authorized caller.
//!
//! Extractors, guards, layers, upgrades and renewals all come here. A request's token is looked for once in each, and
//! verified once for all of them: a verifier with a token cache gives the same token to each. Without a cache, the
//! first one leaves it behind in the request, which costs twice as much as a look into the cache.

use crate::rejection::data::{Rejection, RejectionConfig};
use crate::source::bearer::Credentials;
use crate::verifier::Verifier;
use crate::verifier::http_config::Intake;
use countersign_core::{Caller, PendingVerification, Requirement, TokenError, Verification, VerifiedToken};
use http::request::Parts;
use std::sync::Arc;

/// A token that was presented to a verifier.
#[derive(Debug)]
pub(crate) enum Presented<'a> {
    Token(&'a str),
    /// An earlier extractor of the same request had it verified.
    Verified(VerifiedToken),
}

/// A token that cannot be authorized without waiting.
#[derive(Debug)]
pub(crate) enum Pending {
    /// It waits for a key, or for a rule of the application.
    Token(PendingVerification),
    /// It waits for entitlements.
    Verified(VerifiedToken),
}

/// The outcome of the first step.
pub(crate) enum Progress {
    Done(Result<VerifiedToken, Rejection>),
    Pending(Pending),
}

/// Finds the token of a request; `None` without credentials.
pub(crate) fn present<'a>(
    parts: &'a Parts,
    verifier: &Verifier,
    intake: &Intake,
) -> Result<Option<Presented<'a>>, Rejection> {
    let presented = accept(intake.sources.find(parts), &intake.rejections)?;
    // The earlier result counts for this verifier and these very credentials only: an app may have several verifiers,
    // and a layer may change headers on the way.
    if let Some(Presented::Token(token)) = presented
        && !verifier.has_token_cache()
        && let Some(seen) = parts.extensions.get::<Seen>()
        && seen.verifier == **verifier
        && seen.token.raw() == token
    {
        return Ok(Some(Presented::Verified(seen.token.clone())));
    }
    Ok(presented)
}

/// Takes a token that comes without a request.
#[cfg(feature = "ws")]
pub(crate) fn present_bare<'a>(token: &'a str, rejections: &Arc<RejectionConfig>) -> Result<Presented<'a>, Rejection> {
    accept(Credentials::bare(token.as_bytes()), rejections)?.ok_or_else(|| rejections.missing_token())
}

fn accept<'a>(
    credentials: Credentials<'a>,
    rejections: &Arc<RejectionConfig>,
) -> Result<Option<Presented<'a>>, Rejection> {
    match credentials {
        Credentials::Absent => Ok(None),
        Credentials::Malformed => Err(rejections.invalid_request()),
        Credentials::CrossOrigin => Err(rejections.cross_origin()),
        Credentials::Token(token) => match std::str::from_utf8(token) {
            Ok(token) => Ok(Some(Presented::Token(token))),
            Err(_) => Err(rejections.invalid_token(TokenError::NotCompact)),
        },
    }
}

/// Verifies a token and checks that its caller meets `R`.
pub(crate) async fn authorize<R: Requirement>(
    verifier: &Verifier,
    rejections: &Arc<RejectionConfig>,
    presented: Presented<'_>,
) -> Result<VerifiedToken, Rejection> {
    match authorize_now::<R>(verifier, rejections, presented) {
        Progress::Done(verdict) => verdict,
        Progress::Pending(pending) => pending.finish::<R>(verifier, rejections).await,
    }
}

/// Does as much of [`authorize`] as is possible without waiting.
pub(crate) fn authorize_now<R: Requirement>(
    verifier: &Verifier,
    rejections: &Arc<RejectionConfig>,
    presented: Presented<'_>,
) -> Progress {
    let token = match presented {
        Presented::Token(text) => match verifier.begin(text) {
            Verification::Done(Ok(token)) => token,
            Verification::Done(Err(error)) => return Progress::Done(Err(rejections.not_verified(error))),
            Verification::Pending(pending) => return Progress::Pending(Pending::Token(pending)),
        },
        Presented::Verified(token) => token,
    };
    match verifier.permits_now::<R>(&token) {
        Some(true) => Progress::Done(Ok(token)),
        Some(false) => Progress::Done(Err(rejections.insufficient_scope(R::describe()))),
        None => Progress::Pending(Pending::Verified(token)),
    }
}

impl Pending {
    /// Does the rest of [`authorize`].
    pub(crate) async fn finish<R: Requirement>(
        self,
        verifier: &Verifier,
        rejections: &Arc<RejectionConfig>,
    ) -> Result<VerifiedToken, Rejection> {
        let token = match self {
            Self::Token(pending) => pending.wait().await.map_err(|error| rejections.not_verified(error))?,
            Self::Verified(token) => token,
        };
        match verifier.permits::<R>(&token).await {
            Ok(true) => Ok(token),
            Ok(false) => Err(rejections.insufficient_scope(R::describe())),
            Err(unavailable) => Err(rejections.unavailable(unavailable)),
        }
    }
}

/// Authorizes a request; `None` without credentials.
pub(crate) async fn authorize_optional<R: Requirement>(
    parts: &mut Parts,
    verifier: &Verifier,
    intake: &Intake,
) -> Result<Option<VerifiedToken>, Rejection> {
    let Some(presented) = present(parts, verifier, intake)? else { return Ok(None) };
    let token = authorize::<R>(verifier, &intake.rejections, presented).await?;
    remember(parts, verifier, &token);
    Ok(Some(token))
}

/// Authorizes a request, which must have credentials.
pub(crate) async fn authorize_request<R: Requirement>(
    parts: &mut Parts,
    verifier: &Verifier,
    intake: &Intake,
) -> Result<VerifiedToken, Rejection> {
    authorize_optional::<R>(parts, verifier, intake).await?.ok_or_else(|| intake.rejections.missing_token())
}

/// Looks up the entitlements of a caller that are not in the token.
pub(crate) async fn caller(
    token: VerifiedToken,
    verifier: &Verifier,
    rejections: &Arc<RejectionConfig>,
) -> Result<Caller, Rejection> {
    verifier.caller(&token).await.map_err(|unavailable| rejections.unavailable(unavailable))
}

/// A token that an earlier extractor of the same request verified. The type is private: nothing else can put it there.
#[derive(Clone)]
struct Seen {
    verifier: countersign_core::Verifier,
    token: VerifiedToken,
}

/// Leaves a verified token in the request for later extractors, unless the token cache has it.
pub(crate) fn remember(parts: &mut Parts, verifier: &Verifier, token: &VerifiedToken) {
    if !verifier.has_token_cache() {
        parts.extensions.insert(Seen { verifier: countersign_core::Verifier::clone(verifier), token: token.clone() });
    }
}
