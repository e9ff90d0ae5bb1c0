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
pub struct NameSet(Vec<(u64, Box<str>)>);

impl NameSet {
    /// Whether `name` is in the set.
    pub fn contains(&self, name: &str) -> bool {
        self.contains_hashed(fingerprint(name), name)
    }

    /// As [`contains`](Self::contains), for a name whose fingerprint was computed while compiling. Twenty numbers are
    /// compared in the time of one text; what looks alike is compared in full.
    pub(crate) fn contains_hashed(&self, hash: u64, name: &str) -> bool {
        self.0.iter().any(|(other, member)| *other == hash && **member == *name)
    }

    /// The names, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(_, name)| &**name)
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
        let hash = fingerprint(name);
        if !name.is_empty() && !self.contains_hashed(hash, name) {
            self.0.push((hash, name.into()));
        }
    }
}

/// FNV-1a. No secret: whoever finds two names that look alike makes them be compared, and nothing else.
pub(crate) const fn fingerprint(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut index = 0;
    while index < bytes.len() {
        hash = (hash ^ bytes[index] as u64).wrapping_mul(0x0100_0000_01b3);
        index += 1;
    }
    hash
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
