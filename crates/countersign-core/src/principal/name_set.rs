//! A small set of names: scopes, groups, roles or permissions.

use crate::scale::block;
use std::collections::HashSet;
use std::fmt;
use std::ops::Range;

/// A set of names of one principal, in the token's order. Names are compared exactly.
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
pub struct NameSet {
    /// The concatenated names.
    text: String,
    names: Vec<Name>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Name {
    hash: u64,
    /// The end of the name in the text. The name begins at the end of the previous one.
    end: usize,
}

impl NameSet {
    /// True if `name` is in the set.
    pub fn contains(&self, name: &str) -> bool {
        self.contains_hashed(fingerprint(name), name)
    }

    /// True if `name` is in the set, for a fingerprint that was computed at compile time. Fingerprints are numbers, so
    /// comparing twenty of them takes as long as comparing one text. Names with the same fingerprint are compared in
    /// full.
    pub(crate) fn contains_hashed(&self, hash: u64, name: &str) -> bool {
        // Equal fingerprints are rare. Only then is the name's position looked up.
        let is_it = |index| self.text.as_bytes()[self.place(index)] == *name.as_bytes();
        self.names.iter().enumerate().any(|(index, other)| other.hash == hash && is_it(index))
    }

    fn place(&self, index: usize) -> Range<usize> {
        let start = if index == 0 { 0 } else { self.names[index - 1].end };
        start..self.names[index].end
    }

    /// The names, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.names.len()).map(|index| &self.text[self.place(index)])
    }

    /// The number of names.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// True if the set is empty.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// The largest set in which duplicates are found by comparing all names. Larger sets use a hash table, so the time
/// grows only with the length of the token.
const FEW: usize = 32;

/// Computes FNV-1a. It needs no secret, since two names with the same fingerprint are only compared in full.
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

impl NameSet {
    /// Reserves room for this many names with this many bytes in total.
    pub(crate) fn reserve(&mut self, names: usize, bytes: usize) {
        self.names.reserve_exact(names);
        self.text.reserve_exact(bytes);
    }

    /// The memory that it uses, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        block(self.text.capacity()) + block(self.names.capacity() * size_of::<Name>())
    }
}

impl<'a> Extend<&'a str> for NameSet {
    /// Adds names that are not in the set yet. Empty texts are skipped.
    fn extend<I: IntoIterator<Item = &'a str>>(&mut self, names: I) {
        let mut many = HashSet::new();
        for name in names.into_iter().filter(|name| !name.is_empty()) {
            let hash = fingerprint(name);
            if self.len() >= FEW && many.is_empty() {
                many.extend(self.iter().map(str::to_owned));
            }
            let is_new =
                if self.len() < FEW { !self.contains_hashed(hash, name) } else { many.insert(name.to_owned()) };
            if is_new {
                self.text.push_str(name);
                self.names.push(Name { hash, end: self.text.len() });
            }
        }
    }
}

impl<'a> FromIterator<&'a str> for NameSet {
    fn from_iter<I: IntoIterator<Item = &'a str>>(names: I) -> Self {
        let mut set = Self::default();
        set.extend(names);
        set
    }
}

impl fmt::Debug for NameSet {
    /// Shows only the number of names, since names are values of claims. Use [`iter`](Self::iter) to read them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NameSet({})", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_stands_once_however_many_there_are() {
        let names: Vec<String> = (0..200).map(|number| format!("name-{}", number % 77)).collect();
        let set: NameSet = names.iter().map(String::as_str).collect();
        assert_eq!((set.len(), set.iter().collect::<HashSet<_>>().len()), (77, 77));
        assert!(names.iter().all(|name| set.contains(name)) && !set.contains("name-77") && !set.contains(""));
    }
}
