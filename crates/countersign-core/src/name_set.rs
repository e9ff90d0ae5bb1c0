//! A small set of names: scopes, groups, roles or permissions.

use std::fmt;

/// Names that an issuer gave a principal, each once, in the token's order. Compared to the letter.
///
/// # Example
///
/// ```
/// use countersign_core::NameSet;
///
/// let groups = NameSet::from_iter(["admin", "staff", "admin"]);
/// assert!(groups.contains("admin") && !groups.contains("min"));
/// assert_eq!(groups.len(), 2);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct NameSet(Vec<Box<str>>);

impl NameSet {
    /// Whether `name` is in the set.
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|member| **member == *name)
    }

    /// The names, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|name| &**name)
    }

    /// The number of names.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn insert(&mut self, name: &str) {
        if !name.is_empty() && !self.contains(name) {
            self.0.push(name.into());
        }
    }
}

impl<'a> FromIterator<&'a str> for NameSet {
    fn from_iter<I: IntoIterator<Item = &'a str>>(names: I) -> Self {
        let mut set = Self::default();
        names.into_iter().for_each(|name| set.insert(name));
        set
    }
}

impl fmt::Debug for NameSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
