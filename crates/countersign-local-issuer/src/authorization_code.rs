//! The codes that are out.

use super::grant::Grant;
use super::pkce::CodeChallenge;
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// RFC 6749 section 4.1.2 allows ten minutes.
const LIFETIME: Duration = Duration::from_secs(60);
/// Codes in memory; the oldest gives way.
const MAX_CODES: usize = 256;

/// What a code stands for, and to whom it may be given.
#[derive(Clone, Debug)]
pub(crate) struct Promise {
    pub(crate) grant: Grant,
    /// As it was written.
    pub(crate) redirect_uri: String,
    pub(crate) challenge: CodeChallenge,
}

/// Codes in the order they were issued, which is the order they expire in.
#[derive(Debug, Default)]
pub(crate) struct Codes(VecDeque<(String, Instant, Promise)>);

impl Codes {
    pub(crate) fn issue(&mut self, promise: Promise, now: Instant) -> String {
        self.0.retain(|(_, issued, _)| now.duration_since(*issued) < LIFETIME);
        if self.0.len() == MAX_CODES {
            self.0.pop_front();
        }
        let code = random_text();
        self.0.push_back((code.clone(), now, promise));
        code
    }

    /// Takes the code out, whatever becomes of it: it is for one use, and a wrong one is a use (RFC 9700 section 4.5).
    pub(crate) fn redeem(&mut self, code: &str, now: Instant) -> Option<Promise> {
        let index = self.0.iter().position(|(known, ..)| known == code)?;
        let (_, issued, promise) = self.0.remove(index)?;
        (now.duration_since(issued) < LIFETIME).then_some(promise)
    }
}

/// 256 bits that nobody guesses.
pub(crate) fn random_text() -> String {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).expect("the machine has random numbers");
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local_issuer::parameters::Parameters;

    fn promise() -> Promise {
        let challenge = b"code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
        Promise {
            grant: Grant::machine("client", None, vec!["api".to_owned()]),
            redirect_uri: "http://127.0.0.1/".to_owned(),
            challenge: CodeChallenge::of(&Parameters::parse(challenge).unwrap()).unwrap(),
        }
    }

    #[test]
    fn a_code_is_good_once_and_for_a_minute() {
        let (mut codes, now) = (Codes::default(), Instant::now());
        let code = codes.issue(promise(), now);
        assert!(codes.redeem(&code, now + Duration::from_secs(59)).is_some());
        assert!(codes.redeem(&code, now).is_none());

        let code = codes.issue(promise(), now);
        assert!(codes.redeem(&code, now + LIFETIME).is_none());
        assert!(codes.redeem("", now).is_none());
    }

    #[test]
    fn codes_are_bounded_and_the_oldest_gives_way() {
        let (mut codes, now) = (Codes::default(), Instant::now());
        let first = codes.issue(promise(), now);
        let second = codes.issue(promise(), now);
        for _ in 1..MAX_CODES {
            codes.issue(promise(), now);
        }
        assert_eq!(codes.0.len(), MAX_CODES);
        assert!(codes.redeem(&first, now).is_none());
        assert!(codes.redeem(&second, now).is_some());

        codes.issue(promise(), now + LIFETIME);
        assert_eq!(codes.0.len(), 1);
    }
}
