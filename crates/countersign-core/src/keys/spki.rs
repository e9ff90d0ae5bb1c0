//! The modulus and exponent of an RSA key in a SubjectPublicKeyInfo (RFC 5280 section 4.1, RFC 8017 appendix A.1.1).

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;

/// Returns the modulus and the exponent, both big-endian. aws-lc has parsed the DER before and made the checks that are
/// left out here.
pub(crate) fn rsa_numbers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (info, _) = element(der, SEQUENCE)?;
    let (_algorithm, rest) = element(info, SEQUENCE)?;
    let (bits, _) = element(rest, BIT_STRING)?;
    // The first octet is the number of unused bits.
    let (key, _) = element(bits.strip_prefix(&[0])?, SEQUENCE)?;
    let (modulus, rest) = element(key, INTEGER)?;
    let (exponent, _) = element(rest, INTEGER)?;
    Some((modulus, exponent))
}

/// Returns the content of the first element and the bytes after it. The element must have this tag.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&length, rest) = der.strip_prefix(&[tag])?.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        0x81 | 0x82 => {
            let (octets, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (octets.iter().fold(0, |length, &octet| (length << 8) | usize::from(octet)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 65537 in the place of a modulus, and 3.
    const KEY: [u8; 30] = [
        0x30, 0x1c, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03,
        0x0b, 0x00, 0x30, 0x08, 0x02, 0x03, 0x01, 0x00, 0x01, 0x02, 0x01, 0x03,
    ];

    #[test]
    fn the_numbers_are_found_and_whatever_is_cut_off_is_none() {
        assert_eq!(rsa_numbers(&KEY), Some((&[1, 0, 1][..], &[3][..])));
        for length in 0..KEY.len() {
            assert_eq!(rsa_numbers(&KEY[..length]), None, "{length} octets");
        }
    }

    #[test]
    fn another_form_is_none() {
        for (index, octet) in
            [(0, 0x31), (1, 0x80), (1, 0x83), (2, 0x02), (17, 0x04), (19, 0x01), (20, 0x31), (22, 0x03)]
        {
            let mut odd = KEY;
            odd[index] = octet;
            assert_eq!(rsa_numbers(&odd), None, "{octet} at {index}");
        }
    }
}
