//! A requirement as data. The challenge, the OpenAPI document, the matrix and the log line are made from it.

use crate::principal::Principal;
use crate::principal::name_set::NameSet;
use std::borrow::Cow;
use std::fmt;

/// A requirement as data.
///
/// # Example
///
/// ```
/// use countersign_core::Expr;
///
/// let rule = Expr::All(vec![Expr::group("admin"), Expr::scope("reports:write")]);
/// assert_eq!(rule.to_string(), "group `admin` and scope `reports:write`");
/// assert_eq!(rule.scopes(), ["reports:write"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expr {
    /// A verified caller, without further conditions.
    Authenticated,
    /// A scope.
    Scope(Grant),
    /// A group.
    Group(Grant),
    /// A role.
    Role(Grant),
    /// A permission.
    Permission(Grant),
    /// A custom rule of the application, in words.
    Custom(Cow<'static, str>),
    /// Each of these.
    All(Vec<Expr>),
    /// At least one of these.
    Any(Vec<Expr>),
}

/// One entitlement by name, with the names that imply it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Grant {
    /// The name at the provider.
    pub name: Cow<'static, str>,
    /// Other names of the same kind that imply this one.
    pub implied_by: Vec<Cow<'static, str>>,
}

impl Grant {
    /// Creates an entitlement with the names that imply it.
    ///
    /// # Example
    ///
    /// ```
    /// use countersign_core::Grant;
    ///
    /// let read = Grant::new("reports:read", ["reports:write"]);
    /// assert_eq!(read.names().count(), 2);
    /// ```
    pub fn new<N: Into<Cow<'static, str>>>(name: N, implied_by: impl IntoIterator<Item = N>) -> Self {
        Self { name: name.into(), implied_by: implied_by.into_iter().map(Into::into).collect() }
    }

    fn is_in(&self, granted: &NameSet) -> bool {
        self.names().any(|name| granted.contains(name))
    }

    /// Every sufficient name, the entitlement's own first.
    pub fn names(&self) -> impl Iterator<Item = &Cow<'static, str>> {
        std::iter::once(&self.name).chain(&self.implied_by)
    }
}

impl<N: Into<Cow<'static, str>>> From<N> for Grant {
    fn from(name: N) -> Self {
        Self { name: name.into(), implied_by: Vec::new() }
    }
}

impl Expr {
    /// A scope that nothing implies.
    pub fn scope(name: impl Into<Cow<'static, str>>) -> Self {
        Self::Scope(name.into().into())
    }

    /// A group that nothing implies.
    pub fn group(name: impl Into<Cow<'static, str>>) -> Self {
        Self::Group(name.into().into())
    }

    /// A role that nothing implies.
    pub fn role(name: impl Into<Cow<'static, str>>) -> Self {
        Self::Role(name.into().into())
    }

    /// A permission that nothing implies.
    pub fn permission(name: impl Into<Cow<'static, str>>) -> Self {
        Self::Permission(name.into().into())
    }

    /// True if the principal meets the rule; `None` if that depends on a custom rule of the application.
    pub fn is_met_by(&self, principal: &Principal) -> Option<bool> {
        match self {
            Self::Authenticated => Some(true),
            Self::Scope(grant) => Some(grant.is_in(principal.scopes())),
            Self::Group(grant) => Some(grant.is_in(principal.groups())),
            Self::Role(grant) => Some(grant.is_in(principal.roles())),
            Self::Permission(grant) => Some(grant.is_in(principal.permissions())),
            Self::Custom(_) => None,
            Self::All(parts) => decide(parts, principal, false),
            Self::Any(parts) => decide(parts, principal, true),
        }
    }

    /// All required scopes in order, without duplicates (RFC 6750 section 3, `scope`). Scopes that only imply a
    /// required scope are not included.
    pub fn scopes(&self) -> Vec<&str> {
        let mut scopes = Vec::new();
        self.visit(&mut |part| {
            if let Self::Scope(Grant { name, .. }) = part
                && !scopes.contains(&&**name)
            {
                scopes.push(&**name);
            }
        });
        scopes
    }

    /// Calls `seen` for the whole expression and then for each of its parts.
    pub fn visit<'a>(&'a self, seen: &mut impl FnMut(&'a Self)) {
        seen(self);
        if let Self::All(parts) | Self::Any(parts) = self {
            parts.iter().for_each(|part| part.visit(seen));
        }
    }
}

/// Combines the results of the parts. One part with the result `decisive` decides. Otherwise one undecided part makes
/// the whole undecided.
fn decide(parts: &[Expr], principal: &Principal, decisive: bool) -> Option<bool> {
    let mut verdict = Some(!decisive);
    for part in parts {
        match part.is_met_by(principal) {
            Some(met) if met == decisive => return Some(decisive),
            Some(_) => {}
            None => verdict = None,
        }
    }
    verdict
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parts, word) = match self {
            Self::Authenticated => return f.write_str("a valid access token"),
            Self::Scope(grant) => return write!(f, "scope {grant}"),
            Self::Group(grant) => return write!(f, "group {grant}"),
            Self::Role(grant) => return write!(f, "role {grant}"),
            Self::Permission(grant) => return write!(f, "permission {grant}"),
            Self::Custom(words) => return f.write_str(words),
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

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.name)?;
        match &self.implied_by[..] {
            [] => Ok(()),
            [others @ .., last] => {
                f.write_str(" (implied by ")?;
                others.iter().try_for_each(|other| write!(f, "`{other}`, "))?;
                write!(f, "`{last}`)")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_nest_with_brackets() {
        let inner = Expr::Any(vec![Expr::group("admin"), Expr::role("author")]);
        let rule = Expr::All(vec![inner, Expr::scope("write"), Expr::scope("write")]);
        assert_eq!(rule.to_string(), "(group `admin` or role `author`) and scope `write` and scope `write`");
        assert_eq!(rule.scopes(), ["write"]);
        let read = Expr::Scope(Grant { name: "read".into(), implied_by: vec!["write".into(), "admin".into()] });
        assert_eq!(read.to_string(), "scope `read` (implied by `write`, `admin`)");
    }
}
