//! The caller's claims, as a type of the application's.

use crate::access::{Access, DescribeAccess, Optional, Required};
use crate::authorize::{authorize_optional, authorize_request};
use crate::rejection::data::Rejection;
use crate::verifier::Verifier;
use crate::verifier::state::HasVerifier;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use countersign_core::{Authenticated, Claims, TokenClaims, VerifiedToken};
use http::request::Parts;
use std::fmt;
use std::sync::Arc;

/// The verified caller: its claims as `C`, or all of them as [`Claims`].
///
/// The claims are deserialized once for a token and type, and shared by whoever asks. `Option<CurrentUser<C>>` is
/// `None` only when the request carries no credentials: a bad token is 401 there, too.
///
/// # Example
///
/// ```
/// use countersign::CurrentUser;
///
/// #[derive(serde::Deserialize)]
/// struct Staff { sub: String, department: String }
///
/// async fn me(CurrentUser(user): CurrentUser<Staff>) -> String {
///     format!("{} of {}", user.sub, user.department)
/// }
///
/// async fn greeting(user: Option<CurrentUser>) -> String {
///     user.map_or("hello".to_owned(), |CurrentUser(claims)| format!("hello {}", claims["sub"]))
/// }
/// ```
///
/// # Errors
///
/// [`Rejection`]; claims that do not fit `C` are a 401, never defaulted.
pub struct CurrentUser<C = Claims>(pub Arc<C>);

impl<C> fmt::Debug for CurrentUser<C> {
    /// Without the claims, whatever their type prints.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CurrentUser").finish_non_exhaustive()
    }
}

impl<C> Clone for CurrentUser<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<C> CurrentUser<C>
where
    C: TokenClaims,
{
    fn of(token: &VerifiedToken, verifier: &Verifier) -> Result<Self, Rejection> {
        token.claims().map(Self).map_err(|reason| verifier.http().requests().rejections.invalid_token(reason))
    }
}

impl<S, C> FromRequestParts<S> for CurrentUser<C>
where
    S: HasVerifier,
    C: TokenClaims,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let verifier = state.verifier();
        let token = authorize_request::<Authenticated>(parts, &verifier, verifier.http().requests()).await?;
        Self::of(&token, &verifier)
    }
}

impl<S, C> OptionalFromRequestParts<S> for CurrentUser<C>
where
    S: HasVerifier,
    C: TokenClaims,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Self::Rejection> {
        let verifier = state.verifier();
        let token = authorize_optional::<Authenticated>(parts, &verifier, verifier.http().requests()).await?;
        token.map(|token| Self::of(&token, &verifier)).transpose()
    }
}

impl<C> DescribeAccess for CurrentUser<C> {
    type Caller = Required;

    fn describe_access() -> Access {
        Access::authenticated()
    }
}

impl<C> DescribeAccess for Option<CurrentUser<C>> {
    type Caller = Optional;

    fn describe_access() -> Access {
        Access::Optional
    }
}
