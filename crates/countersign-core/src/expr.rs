//! A requirement as data.

use std::fmt;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_nest_with_brackets() {
        let inner = Expr::Any(vec![Expr::Group("admin"), Expr::Role("author")]);
        let rule = Expr::All(vec![inner, Expr::Scope("write"), Expr::Scope("write")]);
        assert_eq!(rule.to_string(), "(group `admin` or role `author`) and scope `write` and scope `write`");
        assert_eq!(rule.scopes(), ["write"]);
    }
}
