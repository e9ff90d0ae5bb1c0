//! Hash functions, by their names in the corpus.

use aws_lc_rs::{digest, hmac};

/// A hash function with its values for RSA padding.
#[derive(Clone, Copy)]
pub(crate) struct Hash {
    algorithm: &'static digest::Algorithm,
    /// The DER of a DigestInfo before the hash (RFC 8017 section 9.2, note 1).
    prefix: &'static [u8],
}

impl Hash {
    pub(crate) fn named(name: &str) -> Result<Self, String> {
        let (algorithm, prefix): (_, &[u8]) = match name {
            "SHA-1" => {
                (&digest::SHA1_FOR_LEGACY_USE_ONLY, b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\0\x04\x14")
            }
            "SHA-256" => {
                (&digest::SHA256, b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\0\x04\x20")
            }
            "SHA-384" => {
                (&digest::SHA384, b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\0\x04\x30")
            }
            "SHA-512" => {
                (&digest::SHA512, b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\0\x04\x40")
            }
            _ => return Err(format!("no hash `{name}`")),
        };
        Ok(Self { algorithm, prefix })
    }

    pub(crate) fn len(self) -> usize {
        self.algorithm.output_len()
    }

    pub(crate) fn of(self, message: &[u8]) -> Vec<u8> {
        digest::digest(self.algorithm, message).as_ref().to_vec()
    }

    pub(crate) fn digest_info(self, message: &[u8]) -> Vec<u8> {
        [self.prefix, &self.of(message)].concat()
    }

    /// The mask generation function MGF1 (RFC 8017 appendix B.2.1).
    pub(crate) fn mask(self, seed: &[u8], length: usize) -> Vec<u8> {
        let mut mask = Vec::with_capacity(length + self.len());
        for counter in 0_u32.. {
            if mask.len() >= length {
                break;
            }
            mask.extend(self.of(&[seed, &counter.to_be_bytes()].concat()));
        }
        mask.truncate(length);
        mask
    }
}

/// The HMAC of an attacker who uses a public text as the secret.
pub(crate) fn hmac(hash: &str, secret: &[u8], message: &[u8]) -> Result<Vec<u8>, String> {
    let algorithm = match hash {
        "SHA-256" => hmac::HMAC_SHA256,
        "SHA-384" => hmac::HMAC_SHA384,
        "SHA-512" => hmac::HMAC_SHA512,
        _ => return Err(format!("no HMAC over `{hash}`")),
    };
    Ok(hmac::sign(&hmac::Key::new(algorithm, secret), message).as_ref().to_vec())
}
