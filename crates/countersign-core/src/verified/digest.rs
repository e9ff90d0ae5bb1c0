//! A name of 128 bits for texts of any length.

use aws_lc_rs::digest::{Context, SHA256};

/// The first half of a SHA-256: nobody finds a second text that has it, and whoever looked for two that share one would
/// have to look through 2^64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Digest(u64, u64);

impl Digest {
    pub(crate) const MIN: Self = Self(0, 0);

    /// Of several texts. Two lists of texts have one digest only where they are the same, wherever one text ends and the
    /// next begins.
    pub(crate) fn of(texts: [&str; 3]) -> Self {
        let mut context = Context::new(&SHA256);
        for text in texts {
            context.update(&(text.len() as u64).to_be_bytes());
            context.update(text.as_bytes());
        }
        let digest = context.finish();
        let half =
            |half: usize| digest.as_ref()[8 * half..][..8].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        Self(half(0), half(1))
    }

    /// Some bits of it, spread evenly.
    pub(crate) fn bits(self) -> usize {
        self.1 as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_one_text_ends_counts() {
        let texts =
            [["a", "b", "c"], ["ab", "", "c"], ["a", "bc", ""], ["", "ab", "c"], ["abc", "", ""], ["a", "c", "b"]];
        for (index, one) in texts.into_iter().enumerate() {
            for (other_index, other) in texts.into_iter().enumerate() {
                assert_eq!(Digest::of(one) == Digest::of(other), index == other_index, "{one:?} {other:?}");
            }
        }
    }
}
