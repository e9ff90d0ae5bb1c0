//! Authorization codes that are not yet redeemed.

use crate::authorization::Authorization;
use crate::oauth::CodeChallenge;
use crate::random::random_text;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The lifetime of a code. RFC 6749 section 4.1.2 allows ten minutes.
const LIFETIME: Duration = Duration::from_secs(60);
/// The largest number of codes in memory. The oldest code is dropped for a new one.
const MAX_CODES: usize = 256;

/// The authorization behind a code, and the request that the code is bound to.
#[derive(Clone, Debug)]
pub(crate) struct AuthorizationCode {
    pub(crate) authorization: Authorization,
    /// The redirect URI, exactly as in the authorization request.
    pub(crate) redirect_uri: String,
    pub(crate) code_challenge: CodeChallenge,
}

/// The codes in the order of their issue, which is also the order of their expiry.
#[derive(Debug, Default)]
pub(crate) struct AuthorizationCodes(VecDeque<Issued>);

#[derive(Debug)]
struct Issued {
    code: String,
    at: Instant,
    bound_to: AuthorizationCode,
}

impl AuthorizationCodes {
    /// Issues a random code.
    pub(crate) fn issue(&mut self, bound_to: AuthorizationCode, now: Instant) -> String {
        self.0.retain(|issued| now.duration_since(issued.at) < LIFETIME);
        if self.0.len() == MAX_CODES {
            self.0.pop_front();
        }
        let code = random_text();
        self.0.push_back(Issued { code: code.clone(), at: now, bound_to });
        code
    }

    /// Removes the code, even if the caller then rejects the request: a code is for one use, and a failed use counts
    /// (RFC 9700 section 4.5).
    pub(crate) fn redeem(&mut self, code: &str, now: Instant) -> Option<AuthorizationCode> {
        let index = self.0.iter().position(|issued| issued.code == code)?;
        let issued = self.0.remove(index)?;
        (now.duration_since(issued.at) < LIFETIME).then_some(issued.bound_to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::Parameters;

    fn bound_to() -> AuthorizationCode {
        let challenge = b"code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
        AuthorizationCode {
            authorization: Authorization::of_client("client", None, vec!["api".to_owned()]),
            redirect_uri: "http://127.0.0.1/".to_owned(),
            code_challenge: CodeChallenge::read(&Parameters::parse(challenge).unwrap()).unwrap(),
        }
    }

    #[test]
    fn a_code_is_good_once_and_for_a_minute() {
        let (mut codes, now) = (AuthorizationCodes::default(), Instant::now());
        let code = codes.issue(bound_to(), now);
        assert!(codes.redeem(&code, now + Duration::from_secs(59)).is_some());
        assert!(codes.redeem(&code, now).is_none());

        let code = codes.issue(bound_to(), now);
        assert!(codes.redeem(&code, now + LIFETIME).is_none());
        assert!(codes.redeem("", now).is_none());
    }

    #[test]
    fn codes_are_bounded_and_the_oldest_is_dropped() {
        let (mut codes, now) = (AuthorizationCodes::default(), Instant::now());
        let first = codes.issue(bound_to(), now);
        let second = codes.issue(bound_to(), now);
        for _ in 1..MAX_CODES {
            codes.issue(bound_to(), now);
        }
        assert_eq!(codes.0.len(), MAX_CODES);
        assert!(codes.redeem(&first, now).is_none());
        assert!(codes.redeem(&second, now).is_some());

        codes.issue(bound_to(), now + LIFETIME);
        assert_eq!(codes.0.len(), 1);
    }
}
