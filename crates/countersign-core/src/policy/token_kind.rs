//! Which kind of token is accepted, and the marks by which it is told from others (RFC 8725 section 3.12).

use crate::clock::UnixTime;
use crate::error::TokenError;
use crate::json::Object;
use crate::policy::claim_rule::{ClaimPlace, ClaimRule};
use std::fmt;

/// The kind of token that an issuer's tokens must be. The default is [`TokenKind::access`].
///
/// # Example
///
/// ```
/// use countersign_core::TokenKind;
///
/// // Cognito marks its tokens itself.
/// let cognito = TokenKind::access().require_value("token_use", "access");
/// # let _ = cognito;
/// ```
#[derive(Clone, Debug)]
pub struct TokenKind {
    name: &'static str,
    /// Values of `typ`, in lower case; the empty one stands for a header without.
    types: &'static [&'static str],
    required: Vec<&'static str>,
    forbidden: Vec<&'static str>,
    marks: Vec<ClaimRule>,
}

impl TokenKind {
    /// Access tokens of any provider: `typ` is `at+jwt`, `JWT` or absent, and none of the claims is there that only
    /// ID tokens have (`nonce`, `at_hash`, `c_hash`; OpenID Connect Core sections 2 and 3.3.2.11), only logout and
    /// security event tokens (`events`; RFC 8417), or only tokens that are bound to a key (`cnf`; RFC 7800): whoever
    /// sends one of these as a plain bearer token has not shown that key.
    ///
    /// # Security
    ///
    /// A provider that gives ID tokens none of these marks is told apart by the audience alone: an ID token's is the
    /// client, an access token's the API. Prefer [`TokenKind::rfc9068`] where the provider supports it.
    pub fn access() -> Self {
        Self {
            name: "access token",
            types: &["", "jwt", "at+jwt", "application/at+jwt"],
            required: Vec::new(),
            forbidden: vec!["nonce", "at_hash", "c_hash", "events", "cnf"],
            marks: Vec::new(),
        }
    }

    /// Access tokens after RFC 9068: `typ` must be `at+jwt`, and `iss`, `exp`, `aud`, `sub`, `client_id`, `iat` and
    /// `jti` are demanded.
    pub fn rfc9068() -> Self {
        Self {
            types: &["at+jwt", "application/at+jwt"],
            required: vec!["iss", "exp", "aud", "sub", "client_id", "iat", "jti"],
            ..Self::access()
        }
    }

    /// ID tokens (OpenID Connect Core section 2): `typ` is `JWT` or absent, and `iat` is there.
    ///
    /// # Security
    ///
    /// An ID token tells a client who has logged in; it was not made to open an API. Accept it only from a client of your
    /// own, and where the provider has no access token that can be verified.
    pub fn id() -> Self {
        Self {
            name: "ID token",
            types: &["", "jwt"],
            required: vec!["iat"],
            forbidden: vec!["events", "cnf"],
            marks: Vec::new(),
        }
    }

    /// Demands a claim that says which kind the token is.
    #[must_use]
    pub fn require_value(self, claim: impl Into<ClaimPlace>, value: impl Into<Box<str>>) -> Self {
        self.require(ClaimRule::is(claim, value))
    }

    /// Demands what only tokens of this kind have, or lack.
    #[must_use]
    pub fn require(mut self, rule: ClaimRule) -> Self {
        self.marks.push(rule);
        self
    }

    /// Accepts tokens with a claim that is else taken for a mark of another kind: for providers that put it into this one,
    /// too.
    ///
    /// # Security
    ///
    /// Give the kind another [mark](Self::require) in its place.
    #[must_use]
    pub fn allow_claim(mut self, claim: &'static str) -> Self {
        self.forbidden.retain(|forbidden| *forbidden != claim);
        self
    }

    /// RFC 7515 section 4.1.9: `typ` is a media type, so its case does not count.
    pub(crate) fn accepts_type(&self, typ: Option<&str>) -> bool {
        self.types.iter().any(|accepted| accepted.eq_ignore_ascii_case(typ.unwrap_or_default()))
    }

    pub(crate) fn check_claims(&self, claims: &Object<'_>, latest: UnixTime) -> Result<(), TokenError> {
        for claim in &self.required {
            claims.get(claim).ok_or(TokenError::MissingClaim(claim))?;
        }
        if self.forbidden.iter().any(|claim| claims.has(claim)) {
            return Err(TokenError::WrongKind);
        }
        for mark in &self.marks {
            if !mark.is_met(claims, latest)? {
                return Err(TokenError::WrongKind);
            }
        }
        Ok(())
    }
}

impl Default for TokenKind {
    fn default() -> Self {
        Self::access()
    }
}

impl fmt::Display for TokenKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        if !self.types.contains(&"") {
            f.write_str(", `typ` is `at+jwt`")?;
        }
        for mark in &self.marks {
            write!(f, ", {mark}")?;
        }
        if !self.forbidden.is_empty() {
            let forbidden: Vec<String> = self.forbidden.iter().map(|claim| format!("`{claim}`")).collect();
            write!(f, ", without {}", forbidden.join(", "))?;
        }
        Ok(())
    }
}
