//! Proof Key for Code Exchange (RFC 7636), with the method S256 only.

use super::error::OAuthError;
use super::parameters::Parameters;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A code challenge: the SHA-256 hash of the code verifier, which only the client knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CodeChallenge(Vec<u8>);

impl CodeChallenge {
    /// Reads the challenge of an authorization request (RFC 7636 section 4.3).
    ///
    /// A request without a method means `plain`. That method is refused, since it reveals the verifier to every reader
    /// of the request.
    pub(crate) fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        let challenge = parameters.required("code_challenge")?;
        if parameters.optional("code_challenge_method")? != Some("S256") {
            return Err(OAuthError::invalid_request("`code_challenge_method` must be S256"));
        }
        match URL_SAFE_NO_PAD.decode(challenge) {
            Ok(hash) if hash.len() == SHA256.output_len() => Ok(Self(hash)),
            _ => Err(OAuthError::invalid_request("`code_challenge` must be a SHA-256 hash in base64url")),
        }
    }

    /// Compares with the hash of a verifier (RFC 7636 section 4.6). The verifier must have the form of section 4.1.
    pub(crate) fn matches(&self, verifier: &str) -> bool {
        let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        (43..=128).contains(&verifier.len())
            && verifier.bytes().all(is_unreserved)
            && digest(&SHA256, verifier.as_bytes()).as_ref() == self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn challenge(encoded: &str) -> Result<CodeChallenge, OAuthError> {
        CodeChallenge::read(&Parameters::parse(encoded.as_bytes()).unwrap())
    }

    #[test]
    fn the_challenge_of_the_standard_matches_its_verifier_only() {
        let challenge = challenge(&format!("code_challenge={CHALLENGE}&code_challenge_method=S256")).unwrap();
        assert!(challenge.matches(VERIFIER));
        for other in ["", CHALLENGE, &VERIFIER[1..], &format!("{VERIFIER}="), &VERIFIER.to_lowercase()] {
            assert!(!challenge.matches(other), "{other}");
        }
    }

    #[test]
    fn a_short_verifier_is_refused_although_its_hash_matches() {
        assert!(!CodeChallenge(digest(&SHA256, b"short").as_ref().to_vec()).matches("short"));
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
