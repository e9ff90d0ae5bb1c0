//! The caller, in provider-neutral terms.

use crate::access::{Access, DescribeAccess, Optional, Required};
use crate::authorize::{authorize_optional, authorize_request, caller};
use crate::rejection::data::Rejection;
use crate::verifier::state::HasVerifier;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use countersign_core::{Authenticated, Caller, VerifiedToken};
use http::request::Parts;
use std::ops::Deref;

/// The verified caller in provider-neutral terms: subject, scopes, groups, roles, permissions.
///
/// Entitlements that are [not in the token](crate::VerifierBuilder::entitlements) are among them, and looked up for it;
/// for the subject alone use [`CurrentUser`](crate::CurrentUser), which looks nothing up.
///
/// # Example
///
/// ```
/// use countersign::Principal;
///
/// async fn whoami(principal: Principal) -> String {
///     let groups: Vec<&str> = principal.groups().iter().collect();
///     format!("{} of {}, groups {groups:?}", principal.subject(), principal.issuer())
/// }
/// ```
///
/// # Errors
///
/// [`Rejection`].
#[derive(Clone, Debug)]
pub struct Principal(Caller);

impl Principal {
    pub(crate) fn of(caller: Caller) -> Self {
        Self(caller)
    }

    /// Returns the verified token, without external entitlements.
    pub fn token(&self) -> &VerifiedToken {
        self.0.token()
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
    S: HasVerifier,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let verifier = state.verifier();
        let intake = verifier.http().requests();
        let token = authorize_request::<Authenticated>(parts, &verifier, intake).await?;
        caller(token, &verifier, &intake.rejections).await.map(Self)
    }
}

impl<S> OptionalFromRequestParts<S> for Principal
where
    S: HasVerifier,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Self::Rejection> {
        let verifier = state.verifier();
        let intake = verifier.http().requests();
        match authorize_optional::<Authenticated>(parts, &verifier, intake).await? {
            Some(token) => caller(token, &verifier, &intake.rejections).await.map(|caller| Some(Self(caller))),
            None => Ok(None),
        }
    }
}

impl DescribeAccess for Principal {
    type Caller = Required;

    fn describe_access() -> Access {
        Access::authenticated()
    }
}

impl DescribeAccess for Option<Principal> {
    type Caller = Optional;

    fn describe_access() -> Access {
        Access::Optional
    }
}
