//! What a principal must have: a pure predicate, and the one description that every other form is folded from.

use crate::name_set::NameSet;
use crate::principal::Principal;
use std::fmt;
use std::marker::PhantomData;

/// A rule about a principal. Enforcement asks [`check`](Self::check), everything else is folded from
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
#[diagnostic::on_unimplemented(
    message = "`{Self}` requires nothing that can be checked",
    label = "not a requirement",
    note = "write `RequireScopes<A>`, `RequireScopes<Any, (A, B)>` or `RequireScopes<All, (A, B)>`, with one to twelve \
            markers of the same kind; an empty list would let everybody in"
)]
pub trait Requirement: Send + Sync + 'static {
    /// Whether the principal meets the rule.
    fn check(principal: &Principal) -> bool;

    /// The rule as data.
    fn describe() -> Expr;
}

/// A requirement as data: what the challenge, the OpenAPI document and logs are made of.
///
/// # Example
///
/// ```
/// use countersign_core::Expr;
///
/// let rule = Expr::All(vec![Expr::Group("admin"), Expr::Scope("reports:write")]);
/// assert_eq!(rule.to_string(), "group `admin` and scope `reports:write`");
/// assert_eq!(rule.scopes(), ["reports:write"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expr {
    /// A scope.
    Scope(&'static str),
    /// A group.
    Group(&'static str),
    /// A role.
    Role(&'static str),
    /// A permission.
    Permission(&'static str),
    /// Each of these.
    All(Vec<Expr>),
    /// At least one of these.
    Any(Vec<Expr>),
}

impl Expr {
    /// Every scope that is named, once each, in order (RFC 6750 section 3, `scope`).
    pub fn scopes(&self) -> Vec<&'static str> {
        let mut scopes = Vec::new();
        self.collect_scopes(&mut scopes);
        scopes
    }

    fn collect_scopes(&self, scopes: &mut Vec<&'static str>) {
        match self {
            Self::Scope(name) if !scopes.contains(name) => scopes.push(name),
            Self::Scope(_) | Self::Group(_) | Self::Role(_) | Self::Permission(_) => {}
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.collect_scopes(scopes)),
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parts, word) = match self {
            Self::Scope(name) => return write!(f, "scope `{name}`"),
            Self::Group(name) => return write!(f, "group `{name}`"),
            Self::Role(name) => return write!(f, "role `{name}`"),
            Self::Permission(name) => return write!(f, "permission `{name}`"),
            Self::All(parts) => (parts, " and "),
            Self::Any(parts) => (parts, " or "),
        };
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                f.write_str(word)?;
            }
            match part {
                Self::All(inner) | Self::Any(inner) if inner.len() > 1 => write!(f, "({part})")?,
                _ => write!(f, "{part}")?,
            }
        }
        Ok(())
    }
}

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

    scopes! { Read = "read"; Write = "write"; Admin = "admin"; }

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
            ("admin", false, false, false),
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

    #[test]
    fn descriptions_nest_with_brackets() {
        let inner = Expr::Any(vec![Expr::Group("admin"), Expr::Role("author")]);
        let rule = Expr::All(vec![inner, Expr::Scope("write"), Expr::Scope("write")]);
        assert_eq!(rule.to_string(), "(group `admin` or role `author`) and scope `write` and scope `write`");
        assert_eq!(rule.scopes(), ["write"]);
        assert!(Admin::NAME == "admin");
    }
}
