//! A digest of 128 bits for texts of any length.

use aws_lc_rs::digest::{Context, SHA256};

/// The first half of a SHA-256. Finding a second text with the same digest takes 2^128 attempts, finding any two with
/// one digest 2^64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Digest(u64, u64);

impl Digest {
    pub(crate) const MIN: Self = Self(0, 0);

    /// The digest of several texts. The lengths are part of it, so moving text from one to the next changes the digest.
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

    /// Some evenly distributed bits.
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
