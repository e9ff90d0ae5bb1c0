//! The access of operations, as data that is read from the types of their handlers' arguments.

use countersign_core::{Expr, Requirement};
use std::fmt;

/// The callers that an operation lets in.
///
/// # Example
///
/// ```
/// use countersign::access::{Access, DescribeAccess};
/// use countersign::CurrentUser;
///
/// let both = Access::Undecided.and(CurrentUser::<()>::describe_access());
/// assert_eq!(both, Access::Required(vec![]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// Everybody, since nothing was declared. No token is verified.
    Undecided,
    /// Everybody, by [declaration](crate::openapi::PublicExt::public); no token is verified.
    Public,
    /// Everybody, but a token that is sent must be good.
    Optional,
    /// Callers with a good token who meet each of these.
    Required(Vec<Expr>),
}

impl Access {
    /// Any caller with a good token.
    pub fn authenticated() -> Self {
        Self::Required(Vec::new())
    }

    /// Callers with a good token who meet `R`.
    pub fn requiring<R: Requirement>() -> Self {
        Self::authenticated().and(Self::Required(vec![R::describe()]))
    }

    /// Combines the access of two arguments of one handler.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Required(these), Self::Required(those)) => {
                let mut all = Vec::new();
                these.into_iter().chain(those).for_each(|expr| add(&mut all, expr));
                Self::Required(all)
            }
            (required @ Self::Required(_), _) | (_, required @ Self::Required(_)) => required,
            (Self::Optional, _) | (_, Self::Optional) => Self::Optional,
            (Self::Public, _) | (_, Self::Public) => Self::Public,
            (Self::Undecided, Self::Undecided) => Self::Undecided,
        }
    }
}

/// Adds a requirement to those that must be met together, each once and none nested.
fn add(all: &mut Vec<Expr>, expr: Expr) {
    match expr {
        Expr::Authenticated => {}
        Expr::All(parts) => parts.into_iter().for_each(|part| add(all, part)),
        other if all.contains(&other) => {}
        other => all.push(other),
    }
}

impl fmt::Display for Access {
    /// A line to read, such as "group `admin` and scope `reports:write`".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undecided => f.write_str("undecided"),
            Self::Public => f.write_str("public"),
            Self::Optional => f.write_str("an access token is optional"),
            Self::Required(exprs) => match &exprs[..] {
                [] => write!(f, "{}", Expr::Authenticated),
                [only] => write!(f, "{only}"),
                _ => write!(f, "{}", Expr::All(exprs.clone())),
            },
        }
    }
}

/// An extractor that says who it lets in. Implement it for an extractor of your own that wraps one of Countersign's,
/// and `routes!` documents it, too.
///
/// # Example
///
/// ```
/// use axum::extract::{FromRef, FromRequestParts};
/// use countersign::access::{Access, DescribeAccess};
/// use countersign::{Principal, Rejection, Verifier};
/// use http::request::Parts;
///
/// struct Tenant(String);
///
/// impl<S: Send + Sync> FromRequestParts<S> for Tenant
/// where
///     Verifier: FromRef<S>,
/// {
///     type Rejection = Rejection;
///
///     async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
///         let principal = <Principal as FromRequestParts<S>>::from_request_parts(parts, state).await?;
///         Ok(Self(principal.tenant().unwrap_or("none").to_owned()))
///     }
/// }
///
/// impl DescribeAccess for Tenant {
///     type Caller = <Principal as DescribeAccess>::Caller;
///
///     fn describe_access() -> Access {
///         Principal::describe_access()
///     }
/// }
/// ```
pub trait DescribeAccess {
    /// [`Required`] or [`Optional`].
    type Caller;

    /// Describes the callers that are let in.
    fn describe_access() -> Access;
}

/// A caller is required.
#[derive(Clone, Copy, Debug)]
pub enum Required {}

/// A caller is optional.
#[derive(Clone, Copy, Debug)]
pub enum Optional {}

/// Callers are unspecified.
#[derive(Clone, Copy, Debug)]
pub enum Unspecified {}

/// Combines the callers of two arguments of one handler, unless they contradict each other.
#[diagnostic::on_unimplemented(
    message = "a handler has an optional caller and a guard that requires one",
    label = "`None` can never come here",
    note = "write `CurrentUser<C>` in place of `Option<CurrentUser<C>>`, or take the guard away and ask \
            `R::check(&principal)` inside the handler"
)]
pub trait Combine<Other> {
    /// The combination.
    type Output;
}

impl<Other> Combine<Other> for Unspecified {
    type Output = Other;
}

impl Combine<Unspecified> for Optional {
    type Output = Optional;
}

impl Combine<Optional> for Optional {
    type Output = Optional;
}

impl Combine<Unspecified> for Required {
    type Output = Required;
}

impl Combine<Required> for Required {
    type Output = Required;
}

/// A handler that takes the rejection may let everybody in. Its access is undecided until it is declared public or its
/// route is guarded.
impl<T: DescribeAccess, E> DescribeAccess for Result<T, E> {
    type Caller = Unspecified;

    fn describe_access() -> Access {
        Access::Undecided
    }
}
