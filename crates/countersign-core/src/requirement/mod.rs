//! Requirements for a principal: a check without side effects, and a description for documents, answers and logs.
//!
//! Nothing here knows tokens or HTTP.

pub(crate) mod expr;
pub(crate) mod implication;
pub(crate) mod lookup;
pub(crate) mod markers;

use crate::principal::Principal;
use crate::requirement::expr::Expr;
use crate::requirement::lookup::Lookup;
use std::fmt;
use std::marker::PhantomData;

/// A rule about a principal. Enforcement calls [`check`](Self::check). Documents, answers and logs are made from
/// [`describe`](Self::describe).
///
/// # Example
///
/// ```
/// use countersign_core::{All, Requirement, Scopes, Select};
///
/// countersign_core::scopes! { pub Read = "reports:read"; pub Write = "reports:write"; }
///
/// type Both = Select<Scopes, All, (Read, Write)>;
/// assert_eq!(Both::describe().to_string(), "scope `reports:read` and scope `reports:write`");
/// ```
///
/// A custom rule:
///
/// ```
/// use countersign_core::{Expr, Principal, Requirement};
///
/// enum Person {}
///
/// impl Requirement for Person {
///     fn check(principal: &Principal) -> bool {
///         !principal.is_machine()
///     }
///
///     fn describe() -> Expr {
///         Expr::Custom("a person and not a machine".into())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` requires nothing that can be checked",
    label = "not a requirement",
    note = "write `RequireScopes<A>`, `RequireScopes<Any, (A, B)>` or `RequireScopes<All, (A, B)>`, with one to twelve \
            markers of the same kind; an empty list would let everybody in"
)]
pub trait Requirement: Send + Sync + 'static {
    /// True if the principal meets the rule.
    fn check(principal: &Principal) -> bool;

    /// The rule as data.
    fn describe() -> Expr;

    /// The need for entitlements from outside the token, which are [looked up](crate::EntitlementsProvider) for the
    /// rule. The default is `Always`.
    const LOOKUP: Lookup = Lookup::Always;
}

/// A verified caller, without further conditions.
///
/// # Example
///
/// ```
/// use countersign_core::{Authenticated, Expr, Requirement};
///
/// assert_eq!(Authenticated::describe(), Expr::Authenticated);
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Authenticated {}

impl Requirement for Authenticated {
    fn check(_: &Principal) -> bool {
        true
    }

    fn describe() -> Expr {
        Expr::Authenticated
    }

    const LOOKUP: Lookup = Lookup::Never;
}

/// Each requirement of a tuple.
///
/// # Example
///
/// ```
/// use countersign_core::{AllOf, Groups, Requirement, Scopes, Select};
///
/// countersign_core::groups! { pub Admin = "admin"; }
/// countersign_core::scopes! { pub Write = "reports:write"; }
///
/// type Purge = AllOf<(Select<Groups, Admin>, Select<Scopes, Write>)>;
/// assert_eq!(Purge::describe().to_string(), "group `admin` and scope `reports:write`");
/// ```
pub struct AllOf<T>(PhantomData<T>);

/// At least one requirement of a tuple.
///
/// # Example
///
/// ```
/// use countersign_core::{AnyOf, Groups, Requirement, Roles, Select};
///
/// countersign_core::groups! { pub Admin = "admin"; }
/// countersign_core::roles! { pub Owner = "owner"; }
///
/// type Purge = AnyOf<(Select<Groups, Admin>, Select<Roles, Owner>)>;
/// assert_eq!(Purge::describe().to_string(), "group `admin` or role `owner`");
/// ```
pub struct AnyOf<T>(PhantomData<T>);

impl<T> fmt::Debug for AllOf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AllOf")
    }
}

impl<T> fmt::Debug for AnyOf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnyOf")
    }
}

/// Implements the trait once for each length, since Rust cannot be generic over the length of a tuple.
macro_rules! tuples {
    ($first:ident $(, $rest:ident)*) => {
        impl<$first: Requirement $(, $rest: Requirement)*> Requirement for AllOf<($first, $($rest,)*)> {
            fn check(principal: &Principal) -> bool {
                $first::check(principal) $(&& $rest::check(principal))*
            }

            fn describe() -> Expr {
                Expr::All(vec![$first::describe() $(, $rest::describe())*])
            }

            const LOOKUP: Lookup = $first::LOOKUP$(.and($rest::LOOKUP))*;
        }

        impl<$first: Requirement $(, $rest: Requirement)*> Requirement for AnyOf<($first, $($rest,)*)> {
            fn check(principal: &Principal) -> bool {
                $first::check(principal) $(|| $rest::check(principal))*
            }

            fn describe() -> Expr {
                Expr::Any(vec![$first::describe() $(, $rest::describe())*])
            }

            const LOOKUP: Lookup = $first::LOOKUP$(.and($rest::LOOKUP))*;
        }

        tuples!($($rest),*);
    };
    () => {};
}

tuples!(R1, R2, R3, R4, R5, R6, R7, R8, R9, R10, R11, R12);
