//! The memory that values take, block by block. Caches use these formulas to count their size.

use std::cell::Cell;

/// Returns the memory that an allocator uses for a block of this many bytes. Header, rounding and minimum are those of
/// glibc on 64 bits.
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
/// The size of a pointer. A smaller type cannot hold a pointer, so it owns no memory outside itself.
pub(crate) const POINTER: usize = size_of::<usize>();
/// The size of a `String` or a `Vec`. A smaller text or array was cut to its length or is shared.
const OWNED: usize = 3 * POINTER;
/// The minimum inline size of a hash table. A type that is larger than a pointer and smaller than this is not a hash
/// table.
const SMALLEST_TABLE: usize = 32;
/// The charge in bytes for a value whose type is not visible here: serde reads some values before it knows their type
/// (`flatten`, untagged enums), and some types have their own visitor.
const UNSEEN: usize = 256;
/// The charge in bytes for each such value above the number in a usual token.
const MANY_UNSEEN: usize = 1_024;
/// The number of such values in a usual token.
const FEW: usize = 32;

/// Sums the memory of values during deserialization.
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

    /// Adds the value itself, without its content.
    #[inline]
    pub(crate) fn add_value(&self, made: Made, is_leaf: bool) {
        self.add(made.outside(is_leaf));
        if made.kind == Kind::Unseen && made.size >= POINTER {
            self.unseen.set(self.unseen.get() + 1);
            self.add(if self.unseen.get() > FEW { MANY_UNSEEN } else { UNSEEN });
        }
    }
}

/// The type that a visitor makes, as far as it is visible.
#[derive(Clone, Copy)]
pub(crate) struct Made {
    /// Its size.
    pub(crate) size: usize,
    /// The space that the holder of the value has for it.
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
    /// Any other type. It may contain anything.
    Unseen,
}

impl Made {
    /// The memory outside the holder for the value itself. A value that is larger than its space is in a box, and a
    /// space of the size of a pointer may hold a box.
    #[inline]
    fn outside(self, is_leaf: bool) -> usize {
        match self.size {
            // A text or an array without spare capacity.
            OWNED if self.room == 2 * POINTER => 0,
            size if size > self.room => block(size + COUNTERS),
            size if size == 0 || is_leaf || self.room != POINTER => 0,
            _ => SMALLEST,
        }
    }

    /// Adds a number or a Boolean: the box that may hold it.
    #[inline]
    pub(crate) fn number(self) -> usize {
        if self.room == POINTER && self.kind != Kind::Value { SMALLEST } else { 0 }
    }

    /// Adds a text of this many bytes, shared or not.
    #[inline]
    pub(crate) fn text(self, bytes: usize) -> usize {
        match self.kind {
            _ if self.size < POINTER => 0,
            Kind::Value => block(bytes),
            _ if self.size == OWNED && self.room >= OWNED => block(bytes),
            _ => block(bytes + COUNTERS),
        }
    }

    /// Adds a text that may be split, so that each word becomes a text in a table. White space ends a word, and so does
    /// punctuation, except the characters that names and addresses contain.
    pub(crate) fn parts(self, text: &[u8]) -> usize {
        if self.size < POINTER {
            return 0;
        }
        let is_of_word = |byte: &&u8| byte.is_ascii_alphanumeric() || !byte.is_ascii() || b"-_.:/@+".contains(byte);
        let words = text.len() - text.iter().filter(is_of_word).count() + 1;
        let bytes = table(words, OWNED).max(tree(words, OWNED)) + words * SMALLEST + 2 * text.len();
        // The charge for an invisible value covers a short text.
        if self.kind == Kind::Unseen { bytes.saturating_sub(UNSEEN) } else { bytes }
    }

    /// Adds this many elements of this size.
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

    /// Adds this many members, whose names and values have these sizes.
    pub(crate) fn members(self, count: usize, size: usize) -> usize {
        match self.kind {
            _ if count == 0 || self.size < POINTER => 0,
            // The type is a tree, unless a crate in the build makes `serde_json` keep members in order.
            Kind::Value if self.size == SMALLEST_TABLE => tree(count, size),
            _ if self.may_be_table() => vector(count, size).max(table(count, size)).max(tree(count, size)),
            _ => vector(count, size).max(tree(count, size)),
        }
    }

    fn may_be_table(self) -> bool {
        self.size == POINTER || self.size >= SMALLEST_TABLE
    }
}

/// The memory of a `Vec` that grew element by element, or of a `VecDeque`.
fn vector(count: usize, size: usize) -> usize {
    block(count.max(if size == 1 { 8 } else { 4 }).next_power_of_two().saturating_mul(size))
}

/// The memory of a hash table, with or without a vector that keeps the order.
fn table(count: usize, size: usize) -> usize {
    let buckets = match count {
        ..=3 => 4,
        4..=7 => 8,
        more => (more.saturating_mul(8) / 7 + 1).next_power_of_two(),
    };
    block(buckets.saturating_mul(size + 2 * POINTER + 1) + 2 * SMALLEST)
}

/// The memory of a B-tree of the standard library in the worst case of insertion: five of the eleven places in each
/// node are used.
pub(crate) fn tree(count: usize, size: usize) -> usize {
    let leaf = 11 * size + 2 * POINTER;
    let (leaves, inner) = match count {
        ..=11 => (1, 0),
        more => ((more + 1) / 6, more / 30 + 1),
    };
    leaves.saturating_mul(block(leaf)).saturating_add(inner.saturating_mul(block(leaf + 12 * POINTER)))
}

/// The memory of a linked list.
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
