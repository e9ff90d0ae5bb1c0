//! Random text for codes and token ids.

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Generates 256 random bits, in base64url.
pub(crate) fn random_text() -> String {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).expect("the system has a source of random numbers");
    URL_SAFE_NO_PAD.encode(bytes)
}
