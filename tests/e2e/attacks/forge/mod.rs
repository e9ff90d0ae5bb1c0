//! Tools for forged signatures.

pub(crate) mod curve;
pub(crate) mod hash;
pub(crate) mod open_rsa;
pub(crate) mod pss;

use num_bigint::BigUint;

/// The big-endian bytes, with leading zeros up to `length`.
pub(crate) fn fixed(number: &BigUint, length: usize) -> Vec<u8> {
    let bytes = number.to_bytes_be();
    let zeros = length.saturating_sub(bytes.len());
    [vec![0; zeros], bytes].concat()
}
