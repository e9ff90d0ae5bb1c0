//! The memory that values take, block by block: the formulas by which caches count.

use std::cell::Cell;

/// The memory that an allocator uses for a block of this many bytes: header, rounding and smallest block are those of glibc on 64 bits.
#[inline]
pub(crate) const fn block(bytes: usize) -> usize {
    match bytes {
        0 => 0,
        1..=24 => SMALLEST,
        more => (more + 8).next_multiple_of(16),
    }
}

/// The smallest block.
const SMALLEST: usize = 32;
/// The two counters of an `Arc`.
pub(crate) const COUNTERS: usize = 16;
/// A type that is smaller cannot hold a pointer, and so nothing outside of itself.
pub(crate) const POINTER: usize = size_of::<usize>();
/// The size of a `String` or a `Vec`. In less room there is one that was cut to its length, or is shared.
const OWNED: usize = 3 * POINTER;
/// A table of hashes takes at least so much inline. What is larger than a pointer and smaller than this is none.
const SMALLEST_TABLE: usize = 32;
/// Bytes for values that serde reads before it knows the type (`flatten`, untagged enums), and that a visitor of its
/// own reads: its type is not seen, and each value of it is charged with so many bytes.
const UNSEEN: usize = 256;
/// Bytes for each such value beyond the number that a usual token has.
const MANY_UNSEEN: usize = 1_024;
/// So many a usual token has.
const FEW: usize = 32;

/// Sums up what values take that are being deserialized.
#[derive(Default)]
pub(crate) struct Scale {
    bytes: Cell<usize>,
    unseen: Cell<usize>,
}

impl Scale {
    #[inline]
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.get()
    }

    #[inline]
    pub(crate) fn add(&self, bytes: usize) {
        self.bytes.set(self.bytes.get().saturating_add(bytes));
    }

    /// Adds a value itself, beside what is in it.
    #[inline]
    pub(crate) fn add_value(&self, made: Made, is_leaf: bool) {
        self.add(made.outside(is_leaf));
        if made.kind == Kind::Unseen && made.size >= POINTER {
            self.unseen.set(self.unseen.get() + 1);
            self.add(if self.unseen.get() > FEW { MANY_UNSEEN } else { UNSEEN });
        }
    }
}

/// The type that a visitor makes, as far as it can be seen.
#[derive(Clone, Copy)]
pub(crate) struct Made {
    /// Its size.
    pub(crate) size: usize,
    /// The room that the holder of the value has for it.
    pub(crate) room: usize,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A derived type, or one of the standard library.
    Seen,
    /// A `Vec`.
    Vec,
    /// A `serde_json::Value`.
    Value,
    /// It takes anything, and may be anything.
    Unseen,
}

impl Made {
    /// The value itself. What is larger than its room is in a box, and in a room for a pointer there may be one.
    #[inline]
    fn outside(self, is_leaf: bool) -> usize {
        match self.size {
            // A text or an array that lost its spare capacity.
            OWNED if self.room == 2 * POINTER => 0,
            size if size > self.room => block(size + COUNTERS),
            size if size == 0 || is_leaf || self.room != POINTER => 0,
            _ => SMALLEST,
        }
    }

    /// A number or a truth: the box that it may be in.
    #[inline]
    pub(crate) fn number(self) -> usize {
        if self.room == POINTER && self.kind != Kind::Value { SMALLEST } else { 0 }
    }

    /// A text of so many bytes, shared or not.
    #[inline]
    pub(crate) fn text(self, bytes: usize) -> usize {
        match self.kind {
            _ if self.size < POINTER => 0,
            Kind::Value => block(bytes),
            _ if self.size == OWNED && self.room >= OWNED => block(bytes),
            _ => block(bytes + COUNTERS),
        }
    }

    /// A text that may be split: each word becomes a text in a table. White space and punctuation end a word, but for what
    /// names and addresses are made of.
    pub(crate) fn parts(self, text: &[u8]) -> usize {
        if self.size < POINTER {
            return 0;
        }
        let is_of_word = |byte: &&u8| byte.is_ascii_alphanumeric() || !byte.is_ascii() || b"-_.:/@+".contains(byte);
        let words = text.len() - text.iter().filter(is_of_word).count() + 1;
        let bytes = table(words, OWNED).max(tree(words, OWNED)) + words * SMALLEST + 2 * text.len();
        // The charge for a value that is not seen covers a short text.
        if self.kind == Kind::Unseen { bytes.saturating_sub(UNSEEN) } else { bytes }
    }

    /// So many elements of this size.
    pub(crate) fn elements(self, count: usize, size: usize) -> usize {
        match self.kind {
            _ if count == 0 || self.size < POINTER => 0,
            Kind::Value => vector(count, size),
            Kind::Vec => vector(count, size) + if self.room < OWNED { COUNTERS } else { 0 },
            _ if self.may_be_table() => {
                vector(count, size).max(table(count, size)).max(tree(count, size)).max(list(count, size))
            }
            _ => vector(count, size).max(tree(count, size)).max(list(count, size)),
        }
    }

    /// So many members, whose names and values are of these sizes.
    pub(crate) fn members(self, count: usize, size: usize) -> usize {
        match self.kind {
            _ if count == 0 || self.size < POINTER => 0,
            // A tree, unless some crate of the build has members kept in order.
            Kind::Value if self.size == SMALLEST_TABLE => tree(count, size),
            _ if self.may_be_table() => vector(count, size).max(table(count, size)).max(tree(count, size)),
            _ => vector(count, size).max(tree(count, size)),
        }
    }

    fn may_be_table(self) -> bool {
        self.size == POINTER || self.size >= SMALLEST_TABLE
    }
}

/// A `Vec` that grew element by element, or a `VecDeque`.
fn vector(count: usize, size: usize) -> usize {
    block(count.max(if size == 1 { 8 } else { 4 }).next_power_of_two().saturating_mul(size))
}

/// A hash table, with or without a vector beside it that keeps the order.
fn table(count: usize, size: usize) -> usize {
    let buckets = match count {
        ..=3 => 4,
        4..=7 => 8,
        more => (more.saturating_mul(8) / 7 + 1).next_power_of_two(),
    };
    block(buckets.saturating_mul(size + 2 * POINTER + 1) + 2 * SMALLEST)
}

/// A B-tree of the standard library, filled as badly as insertion can: eleven places in each node, five of them taken.
pub(crate) fn tree(count: usize, size: usize) -> usize {
    let leaf = 11 * size + 2 * POINTER;
    let (leaves, inner) = match count {
        ..=11 => (1, 0),
        more => ((more + 1) / 6, more / 30 + 1),
    };
    leaves.saturating_mul(block(leaf)).saturating_add(inner.saturating_mul(block(leaf + 12 * POINTER)))
}

/// A linked list.
fn list(count: usize, size: usize) -> usize {
    count.saturating_mul(block(size + 2 * POINTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_those_of_glibc() {
        for (bytes, expected) in [(0, 0), (1, 32), (24, 32), (25, 48), (40, 48), (41, 64), (1_000, 1_008)] {
            assert_eq!(block(bytes), expected, "{bytes}");
        }
    }

    #[test]
    fn a_tree_with_one_entry_has_one_node() {
        for count in 1..=11 {
            assert_eq!(tree(count, 56), block(632), "{count}");
        }
    }
}
