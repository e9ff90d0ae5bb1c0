//! Grants by name: markers for scopes, groups, roles and permissions, and choices among them.

use crate::expr::Expr;
use crate::name_set::NameSet;
use crate::principal::Principal;
use crate::requirement::Requirement;
use std::fmt;
use std::marker::PhantomData;

/// A marker type that names one grant of the kind `K`. Declared with [`scopes!`](crate::scopes),
/// [`groups!`](crate::groups), [`roles!`](crate::roles) or [`permissions!`](crate::permissions).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not one of the `{K}`",
    note = "declare it with the macro of its kind: `scopes!`, `groups!`, `roles!` or `permissions!`"
)]
pub trait Marker<K: GrantKind>: Send + Sync + 'static {
    /// The name as the provider says it.
    const NAME: &'static str;
}

/// One of the four kinds of grant. Sealed: [`Scopes`], [`Groups`], [`Roles`], [`Permissions`].
pub trait GrantKind: sealed::Sealed + Send + Sync + 'static {
    /// The principal's grants of this kind.
    fn granted(principal: &Principal) -> &NameSet;

    /// The description of one grant of this kind.
    fn describe(name: &'static str) -> Expr;
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
    ($kind:ident, $granted:ident, $leaf:ident) => {
        impl sealed::Sealed for $kind {}

        impl GrantKind for $kind {
            fn granted(principal: &Principal) -> &NameSet {
                principal.$granted()
            }

            fn describe(name: &'static str) -> Expr {
                Expr::$leaf(name)
            }
        }
    };
}

kind!(Scopes, scopes, Scope);
kind!(Groups, groups, Group);
kind!(Roles, roles, Role);
kind!(Permissions, permissions, Permission);

/// A choice among markers of one kind: `Select<Scopes, A>`, `Select<Scopes, Any, (A, B)>`, `Select<Scopes, All, (A, B)>`.
pub struct Select<K, A, B = One>(PhantomData<(K, A, B)>);

impl<K, A, B> fmt::Debug for Select<K, A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Select")
    }
}

/// The marker stands alone.
#[derive(Clone, Copy, Debug)]
pub enum One {}
/// At least one marker of the list.
#[derive(Clone, Copy, Debug)]
pub enum Any {}
/// Every marker of the list.
#[derive(Clone, Copy, Debug)]
pub enum All {}

impl<K: GrantKind, A: Marker<K>> Requirement for Select<K, A> {
    fn check(principal: &Principal) -> bool {
        K::granted(principal).contains(A::NAME)
    }

    fn describe() -> Expr {
        K::describe(A::NAME)
    }
}

/// One implementation for each length of list, since Rust has no tuples of any length.
macro_rules! lists {
    ($first:ident $(, $rest:ident)*) => {
        impl<K: GrantKind, $first: Marker<K> $(, $rest: Marker<K>)*> Requirement for Select<K, Any, ($first, $($rest,)*)> {
            fn check(principal: &Principal) -> bool {
                let granted = K::granted(principal);
                granted.contains($first::NAME) $(|| granted.contains($rest::NAME))*
            }

            fn describe() -> Expr {
                Expr::Any(vec![K::describe($first::NAME) $(, K::describe($rest::NAME))*])
            }
        }

        impl<K: GrantKind, $first: Marker<K> $(, $rest: Marker<K>)*> Requirement for Select<K, All, ($first, $($rest,)*)> {
            fn check(principal: &Principal) -> bool {
                let granted = K::granted(principal);
                granted.contains($first::NAME) $(&& granted.contains($rest::NAME))*
            }

            fn describe() -> Expr {
                Expr::All(vec![K::describe($first::NAME) $(, K::describe($rest::NAME))*])
            }
        }

        lists!($($rest),*);
    };
    () => {};
}

lists!(M1, M2, M3, M4, M5, M6, M7, M8, M9, M10, M11, M12);

/// Declares scopes: marker types to write in handlers' arguments.
///
/// A name must be a scope token (RFC 6749 section 3.3: visible ASCII without blank, `"` and `\`); another does not
/// compile.
///
/// # Example
///
/// ```
/// countersign_core::scopes! {
///     pub ReadReports = "reports:read";
///     pub WriteReports = "reports:write";
/// }
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
    ($kind:ident, $what:literal, $is_valid:path, $($(#[$attribute:meta])* $visibility:vis $marker:ident = $name:expr;)+) => {
        $(
            #[doc = concat!($what, " `", $name, "`.")]
            $(#[$attribute])*
            #[derive(Clone, Copy, Debug)]
            $visibility struct $marker;

            impl $crate::Marker<$crate::$kind> for $marker {
                const NAME: &'static str = {
                    assert!($is_valid($name), "not a name that a token can carry");
                    $name
                };
            }

            const _: &str = <$marker as $crate::Marker<$crate::$kind>>::NAME;
        )+
    };
}

/// Checks for the macros, at compile time.
#[doc(hidden)]
pub mod __private {
    pub const fn is_name(name: &str) -> bool {
        !name.is_empty()
    }

    pub const fn is_scope_token(name: &str) -> bool {
        let bytes = name.as_bytes();
        let mut index = 0;
        while index < bytes.len() {
            if !matches!(bytes[index], 0x21 | 0x23..=0x5b | 0x5d..=0x7e) {
                return false;
            }
            index += 1;
        }
        is_name(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    scopes! { Read = "read"; Write = "write"; }

    fn principal(scopes: &str) -> Principal {
        Principal {
            issuer: Arc::from("https://idp.example"),
            subject: "alice".into(),
            username: None,
            email: None,
            tenant: None,
            scopes: scopes.split(' ').collect(),
            groups: NameSet::default(),
            roles: NameSet::default(),
            permissions: NameSet::default(),
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
