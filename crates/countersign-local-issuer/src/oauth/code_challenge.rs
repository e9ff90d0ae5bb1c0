//! Proof Key for Code Exchange (RFC 7636), S256 alone.

use super::oauth_error::OAuthError;
use super::parameters::Parameters;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The hash of a verifier that only the client knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CodeChallenge(Vec<u8>);

impl CodeChallenge {
    /// Section 4.3. What names no method asks for `plain`, which proves nothing to who sees the request.
    pub(crate) fn of(parameters: &Parameters) -> Result<Self, OAuthError> {
        let challenge = parameters.required("code_challenge")?;
        if parameters.one("code_challenge_method")? != Some("S256") {
            return Err(OAuthError::invalid_request("`code_challenge_method` must be S256"));
        }
        match URL_SAFE_NO_PAD.decode(challenge) {
            Ok(hash) if hash.len() == SHA256.output_len() => Ok(Self(hash)),
            _ => Err(OAuthError::invalid_request("`code_challenge` must be a SHA-256 in base64url")),
        }
    }

    /// Section 4.6, for a verifier as section 4.1 wants it.
    pub(crate) fn is_met_by(&self, verifier: &str) -> bool {
        let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        (43..=128).contains(&verifier.len())
            && verifier.bytes().all(is_unreserved)
            && digest(&SHA256, verifier.as_bytes()).as_ref() == self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn challenge(encoded: &str) -> Result<CodeChallenge, OAuthError> {
        CodeChallenge::of(&Parameters::parse(encoded.as_bytes()).unwrap())
    }

    #[test]
    fn the_example_of_the_standard_is_met_by_its_verifier_alone() {
        let challenge = challenge(&format!("code_challenge={CHALLENGE}&code_challenge_method=S256")).unwrap();
        assert!(challenge.is_met_by(VERIFIER));
        for other in ["", CHALLENGE, &VERIFIER[1..], &format!("{VERIFIER}="), &VERIFIER.to_lowercase()] {
            assert!(!challenge.is_met_by(other), "{other}");
        }
    }

    #[test]
    fn a_short_verifier_is_refused_though_its_hash_fits() {
        assert!(!CodeChallenge(digest(&SHA256, b"short").as_ref().to_vec()).is_met_by("short"));
    }

    #[test]
    fn a_challenge_is_s256() {
        for encoded in [
            "code_challenge_method=S256",
            &format!("code_challenge={CHALLENGE}"),
            &format!("code_challenge={CHALLENGE}&code_challenge_method=plain"),
            &format!("code_challenge={CHALLENGE}&code_challenge_method=s256"),
            &format!("code_challenge={CHALLENGE}=&code_challenge_method=S256"),
            &format!("code_challenge={}&code_challenge_method=S256", &CHALLENGE[..42]),
        ] {
            assert_eq!(challenge(encoded).map_err(|error| error.code), Err("invalid_request"), "{encoded}");
        }
    }
}
