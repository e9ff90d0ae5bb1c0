//! The caller in terms that no provider owns.

use crate::access::{Access, DescribeAccess, Maybe, Needed};
use crate::authentication::{authenticate, require_token};
use crate::rejection::CurrentUserRejection;
use crate::verifier_state::HoldsVerifier;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use countersign_core::VerifiedToken;
use http::request::Parts;
use std::ops::Deref;

/// The verified caller, whichever provider it comes from: subject, scopes, groups, roles, permissions.
///
/// # Example
///
/// ```
/// use countersign::Principal;
///
/// async fn whoami(principal: Principal) -> String {
///     format!("{} of {}, groups {:?}", principal.subject(), principal.issuer(), principal.groups())
/// }
/// ```
///
/// # Errors
///
/// [`CurrentUserRejection`].
#[derive(Clone, Debug)]
pub struct Principal(VerifiedToken);

impl Principal {
    pub(crate) fn of(token: VerifiedToken) -> Self {
        Self(token)
    }

    /// The token that says all this.
    pub fn token(&self) -> &VerifiedToken {
        &self.0
    }
}

impl Deref for Principal {
    type Target = countersign_core::Principal;

    fn deref(&self) -> &Self::Target {
        self.0.principal()
    }
}

impl<S> FromRequestParts<S> for Principal
where
    S: HoldsVerifier,
{
    type Rejection = CurrentUserRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        require_token(parts, &state.verifier()).await.map(Self)
    }
}

impl<S> OptionalFromRequestParts<S> for Principal
where
    S: HoldsVerifier,
{
    type Rejection = CurrentUserRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(authenticate(parts, &state.verifier()).await?.map(Self))
    }
}

impl DescribeAccess for Principal {
    type Caller = Needed;

    fn describe_access() -> Access {
        Access::authenticated()
    }
}

impl DescribeAccess for Option<Principal> {
    type Caller = Maybe;

    fn describe_access() -> Access {
        Access::Optional
    }
}
