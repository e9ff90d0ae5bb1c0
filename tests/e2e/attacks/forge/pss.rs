//! EMSA-PSS encoding (RFC 8017 section 9.1), with faults on request.

use crate::case::Pss;
use crate::forge::hash::Hash;

/// The encoded message for a modulus with this number of bits.
pub(crate) fn encode(pss: &Pss, message: &[u8], modulus_bits: usize) -> Result<Vec<u8>, String> {
    let (hash, mgf) = (Hash::named(&pss.hash)?, Hash::named(&pss.mgf)?);
    let bits = modulus_bits - 1;
    let length = bits.div_ceil(8);
    let salt = vec![0x5a; pss.salt];
    let h = hash.of(&[&[0; 8][..], &hash.of(message), &salt].concat());
    let mut block = vec![0; length - h.len() - 1];
    let salt_at = block.len().checked_sub(salt.len()).ok_or("the salt is too long")?;
    block[salt_at..].copy_from_slice(&salt);
    if salt_at > 0 {
        block[0] = pss.padding;
        block[salt_at - 1] = pss.separator;
    }
    Ok(finish(block, &h, mgf, pss.trailer, bits))
}

/// Masks the block and joins the parts.
pub(crate) fn finish(mut block: Vec<u8>, h: &[u8], mgf: Hash, trailer: u8, bits: usize) -> Vec<u8> {
    let mask = mgf.mask(h, block.len());
    xor(&mut block, &mask);
    clear_top(&mut block, bits);
    [&block, h, &[trailer]].concat()
}

/// Clears the unused bits of the first byte.
pub(crate) fn clear_top(block: &mut [u8], bits: usize) {
    block[0] &= 0xff >> (8 * bits.div_ceil(8) - bits);
}

pub(crate) fn xor(bytes: &mut [u8], mask: &[u8]) {
    bytes.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
}
