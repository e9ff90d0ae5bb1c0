//! Entitlements by name: markers for scopes, groups, roles and permissions, and choices among them.

use crate::principal::Principal;
use crate::principal::name_set::{NameSet, fingerprint};
use crate::requirement::Requirement;
use crate::requirement::expr::{Expr, Grant};
use crate::requirement::lookup::Lookup;
use std::fmt;
use std::marker::PhantomData;

/// A marker type that names one entitlement of the kind `K`. It is declared with [`scopes!`](crate::scopes),
/// [`groups!`](crate::groups), [`roles!`](crate::roles) or [`permissions!`](crate::permissions).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not one of the `{K}`",
    note = "declare it with the macro of its kind: `scopes!`, `groups!`, `roles!` or `permissions!`"
)]
pub trait Marker<K: MarkerKind>: Send + Sync + 'static {
    /// The name at the provider.
    const NAME: &'static str;

    /// Other names of the kind that imply this one, as declared with `implies`.
    const IMPLIED_BY: &'static [&'static str] = &[];

    /// True if the name, or one that implies it, is in `granted`.
    fn is_in(granted: &NameSet) -> bool {
        granted.contains_hashed(const { fingerprint(Self::NAME) }, Self::NAME)
            || Self::IMPLIED_BY.iter().any(|name| granted.contains(name))
    }

    /// The marker as data.
    fn grant() -> Grant {
        Grant { name: Self::NAME.into(), implied_by: Self::IMPLIED_BY.iter().map(|&name| name.into()).collect() }
    }
}

/// One of the four kinds of entitlement. Sealed: [`Scopes`], [`Groups`], [`Roles`], [`Permissions`].
pub trait MarkerKind: sealed::Sealed + Send + Sync + 'static {
    /// The need for a look-up. It is `Never` for a kind that only tokens grant.
    const LOOKUP: Lookup;

    /// The principal's entitlements of this kind.
    fn granted(principal: &Principal) -> &NameSet;

    /// The description of one entitlement of this kind.
    fn describe(grant: Grant) -> Expr;
}

/// The kind of `scope` and `scp`.
#[derive(Clone, Copy, Debug)]
pub enum Scopes {}
/// The kind of `groups`.
#[derive(Clone, Copy, Debug)]
pub enum Groups {}
/// The kind of `roles`.
#[derive(Clone, Copy, Debug)]
pub enum Roles {}
/// The kind of `permissions`.
#[derive(Clone, Copy, Debug)]
pub enum Permissions {}

mod sealed {
    pub trait Sealed {}
}

macro_rules! kind {
    ($kind:ident, $granted:ident, $leaf:ident, $reach:ident) => {
        impl sealed::Sealed for $kind {}

        impl MarkerKind for $kind {
            const LOOKUP: Lookup = Lookup::$reach;

            fn granted(principal: &Principal) -> &NameSet {
                principal.$granted()
            }

            fn describe(grant: Grant) -> Expr {
                Expr::$leaf(grant)
            }
        }
    };
}

kind!(Scopes, scopes, Scope, Never);
kind!(Groups, groups, Group, IfDenied);
kind!(Roles, roles, Role, IfDenied);
kind!(Permissions, permissions, Permission, IfDenied);

/// A choice among markers of one kind: `Select<Scopes, A>`, `Select<Scopes, Any, (A, B)>`, `Select<Scopes, All, (A,
/// B)>`.
pub struct Select<K, A, B = One>(PhantomData<(K, A, B)>);

impl<K, A, B> fmt::Debug for Select<K, A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Select")
    }
}

/// A single marker.
#[derive(Clone, Copy, Debug)]
pub enum One {}
/// At least one marker of the list.
#[derive(Clone, Copy, Debug)]
pub enum Any {}
/// Every marker of the list.
#[derive(Clone, Copy, Debug)]
pub enum All {}

impl<K: MarkerKind, A: Marker<K>> Requirement for Select<K, A> {
    fn check(principal: &Principal) -> bool {
        A::is_in(K::granted(principal))
    }

    fn describe() -> Expr {
        K::describe(A::grant())
    }

    const LOOKUP: Lookup = K::LOOKUP;
}

/// Implements the traits once for each length, since Rust cannot be generic over the length of a tuple.
macro_rules! lists {
    ($first:ident $(, $rest:ident)*) => {
        impl<K: MarkerKind, $first: Marker<K> $(, $rest: Marker<K>)*> Requirement for Select<K, Any, ($first, $($rest,)*)> {
            fn check(principal: &Principal) -> bool {
                let granted = K::granted(principal);
                $first::is_in(granted) $(|| $rest::is_in(granted))*
            }

            fn describe() -> Expr {
                Expr::Any(vec![K::describe($first::grant()) $(, K::describe($rest::grant()))*])
            }

            const LOOKUP: Lookup = K::LOOKUP;
        }

        impl<K: MarkerKind, $first: Marker<K> $(, $rest: Marker<K>)*> Requirement for Select<K, All, ($first, $($rest,)*)> {
            fn check(principal: &Principal) -> bool {
                let granted = K::granted(principal);
                $first::is_in(granted) $(&& $rest::is_in(granted))*
            }

            fn describe() -> Expr {
                Expr::All(vec![K::describe($first::grant()) $(, K::describe($rest::grant()))*])
            }

            const LOOKUP: Lookup = K::LOOKUP;
        }

        lists!($($rest),*);
    };
    () => {};
}

lists!(M1, M2, M3, M4, M5, M6, M7, M8, M9, M10, M11, M12);

/// Declares scopes: marker types to write in handlers' arguments.
///
/// A name must be a scope token (RFC 6749 section 3.3: visible ASCII without space, `"` and `\`). Any other name is a
/// compile error. A scope may imply other scopes of the same declaration, and then also the scopes that those imply. A
/// caller with the scope meets requirements for all of them. The same applies to [`groups!`](crate::groups),
/// [`roles!`](crate::roles) and [`permissions!`](crate::permissions).
///
/// # Example
///
/// ```
/// use countersign_core::Marker;
///
/// countersign_core::scopes! {
///     pub ReadReports = "reports:read";
///     pub WriteReports = "reports:write" implies ReadReports;
///     pub AdminReports = "reports:admin" implies WriteReports;
/// }
///
/// assert_eq!(ReadReports::IMPLIED_BY, ["reports:write", "reports:admin"]);
/// assert!(AdminReports::IMPLIED_BY.is_empty());
/// ```
///
/// ```compile_fail
/// countersign_core::scopes! { pub Two = "read write"; }
/// ```
#[macro_export]
macro_rules! scopes {
    ($($declaration:tt)*) => {
        $crate::__markers! { Scopes, "The scope", $crate::__private::is_scope_token, $($declaration)* }
    };
}

/// Declares groups: marker types to write in handlers' arguments.
///
/// # Example
///
/// ```
/// countersign_core::groups! { pub Admin = "admin"; pub Manager = "manager"; }
/// ```
#[macro_export]
macro_rules! groups {
    ($($declaration:tt)*) => {
        $crate::__markers! { Groups, "The group", $crate::__private::is_name, $($declaration)* }
    };
}

/// Declares roles: marker types to write in handlers' arguments.
///
/// # Example
///
/// ```
/// countersign_core::roles! { pub Owner = "owner"; }
/// ```
#[macro_export]
macro_rules! roles {
    ($($declaration:tt)*) => {
        $crate::__markers! { Roles, "The role", $crate::__private::is_name, $($declaration)* }
    };
}

/// Declares permissions: marker types to write in handlers' arguments.
///
/// # Example
///
/// ```
/// countersign_core::permissions! { pub ReadItems = "read:items"; }
/// ```
#[macro_export]
macro_rules! permissions {
    ($($declaration:tt)*) => {
        $crate::__markers! { Permissions, "The permission", $crate::__private::is_name, $($declaration)* }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __markers {
    (
        $kind:ident, $what:literal, $is_valid:path,
        $($(#[$attribute:meta])* $visibility:vis $marker:ident = $name:literal $(implies $($implied:ident),+)?;)+
    ) => {
        $(
            #[doc = concat!($what, " `", $name, "`.")]
            $(#[$attribute])*
            #[derive(Clone, Copy, Debug)]
            $visibility struct $marker;
        )+

        // One list for the whole declaration, from which each marker computes the names that imply it.
        const _: () = {
            const ALL: &[$crate::__private::Declaration] = &[
                $($crate::__private::Declaration {
                    name: $name,
                    implies: &[$($(<$implied as $crate::Marker<$crate::$kind>>::NAME),+)?],
                }),+
            ];

            $(
                impl $crate::Marker<$crate::$kind> for $marker {
                    const NAME: &'static str = {
                        assert!($is_valid($name), "not a name that a token can carry");
                        $name
                    };
                    const IMPLIED_BY: &'static [&'static str] = {
                        const NAMES: ([&str; ALL.len()], usize) = $crate::__private::implied_by($name, ALL);
                        NAMES.0.split_at(NAMES.1).0
                    };
                }

                const _: &str = <$marker as $crate::Marker<$crate::$kind>>::NAME;
                const _: &[&str] = <$marker as $crate::Marker<$crate::$kind>>::IMPLIED_BY;
            )+
        };
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    scopes! { Read = "read"; Write = "write"; }

    fn principal(scopes: &str) -> Principal {
        Principal {
            issuer: Arc::from("https://idp.example"),
            issuer_name: Arc::from("idp"),
            subject: "alice".into(),
            username: None,
            email: None,
            tenant: None,
            scopes: scopes.split(' ').collect(),
            groups: NameSet::default(),
            roles: NameSet::default(),
            permissions: NameSet::default(),
            groups_left_out: None,
            is_machine: false,
        }
    }

    #[test]
    fn any_and_all_mean_what_they_say() {
        type Either = Select<Scopes, Any, (Read, Write)>;
        type Both = Select<Scopes, All, (Read, Write)>;
        for (scopes, one, either, both) in [
            ("", false, false, false),
            ("read", true, true, false),
            ("write", false, true, false),
            ("read write", true, true, true),
            ("readwrite READ readadmin", false, false, false),
        ] {
            let principal = principal(scopes);
            assert_eq!(Select::<Scopes, Read>::check(&principal), one, "{scopes}");
            assert_eq!(Either::check(&principal), either, "{scopes}");
            assert_eq!(Both::check(&principal), both, "{scopes}");
        }
        assert!(!Select::<Groups, RequireGroup>::check(&principal("read")));
    }

    groups! { RequireGroup = "read"; }
}
