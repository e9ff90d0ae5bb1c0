//! Guards: what the caller must have, written as the type of an argument.

use crate::access::{Access, DescribeAccess, Required};
use crate::authorize::authorize_request;
use crate::rejection::data::Rejection;
use crate::verifier::state::HasVerifier;
use axum::extract::FromRequestParts;
use countersign_core::{Expr, Groups, Lookup, One, Permissions, Principal, Requirement, Roles, Scopes, Select};
use http::request::Parts;
use std::fmt;
use std::marker::PhantomData;

/// Lets in only callers who meet the requirement `R`.
///
/// Write it by one of its short forms, [`RequireScopes`], [`RequireGroups`], [`RequireRoles`], [`RequirePermissions`],
/// or with [`AllOf`](crate::AllOf) and [`AnyOf`](crate::AnyOf) where kinds are mixed. Several on one handler add up,
/// and verify the token once; each then answers for itself, so that only a single one can name all scopes in its 403.
/// Put guards before arguments that can reject a request (`Path`, `Json`), so that these tell unauthenticated callers
/// nothing.
///
/// # Example
///
/// ```
/// use countersign::{All, AllOf, Any, Group, Require, RequireGroups, RequireScopes, Scope};
///
/// countersign::scopes! { pub Read = "reports:read"; pub Write = "reports:write"; }
/// countersign::groups! { pub Admin = "admin"; }
///
/// async fn list(_: RequireScopes<Any, (Read, Write)>) {}
/// async fn publish(_: RequireScopes<All, (Read, Write)>) {}
/// async fn admin(_: RequireGroups<Admin>) {}
/// async fn purge(_: Require<AllOf<(Group<Admin>, Scope<Write>)>>) {}
/// ```
///
/// # Errors
///
/// [`Rejection`].
pub struct Require<R: Requirement>(PhantomData<fn() -> R>);

/// A scope, as a part of [`AllOf`](crate::AllOf) and [`AnyOf`](crate::AnyOf).
pub type Scope<A> = Select<Scopes, A>;
/// A group, as a part of [`AllOf`](crate::AllOf) and [`AnyOf`](crate::AnyOf).
pub type Group<A> = Select<Groups, A>;
/// A role, as a part of [`AllOf`](crate::AllOf) and [`AnyOf`](crate::AnyOf).
pub type Role<A> = Select<Roles, A>;
/// A permission, as a part of [`AllOf`](crate::AllOf) and [`AnyOf`](crate::AnyOf).
pub type Permission<A> = Select<Permissions, A>;

/// Requires a scope, or any or all of a list.
pub type RequireScopes<A, B = One> = Require<Select<Scopes, A, B>>;
/// Requires a group, or any or all of a list.
pub type RequireGroups<A, B = One> = Require<Select<Groups, A, B>>;
/// Requires a role, or any or all of a list.
pub type RequireRoles<A, B = One> = Require<Select<Roles, A, B>>;
/// Requires a permission, or any or all of a list.
pub type RequirePermissions<A, B = One> = Require<Select<Permissions, A, B>>;

impl<S, R> FromRequestParts<S> for Require<R>
where
    S: HasVerifier,
    R: Requirement,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let verifier = state.verifier();
        authorize_request::<R>(parts, &verifier, verifier.http().requests()).await?;
        Ok(Self(PhantomData))
    }
}

impl<R: Requirement> DescribeAccess for Require<R> {
    type Caller = Required;

    fn describe_access() -> Access {
        Access::requiring::<R>()
    }
}

/// A guard is the requirement that it enforces: `RequireGroups::<Admin>::check(&principal)` asks inside a handler, and
/// a guard can be a part of [`AllOf`](crate::AllOf) and [`AnyOf`](crate::AnyOf).
impl<R: Requirement> Requirement for Require<R> {
    fn check(principal: &Principal) -> bool {
        R::check(principal)
    }

    fn describe() -> Expr {
        R::describe()
    }

    const LOOKUP: Lookup = R::LOOKUP;
}

impl<R: Requirement> fmt::Debug for Require<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Require")
    }
}
