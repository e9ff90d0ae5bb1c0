//! The accepted kind of token, and the claims that distinguish it from other kinds (RFC 8725 section 3.12).

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
/// // Cognito states the kind of each token in a claim.
/// let cognito = TokenKind::access().require_value("token_use", "access");
/// # let _ = cognito;
/// ```
#[derive(Clone, Debug)]
pub struct TokenKind {
    name: &'static str,
    /// Accepted values of `typ` in lower case. The empty text means that the header has no `typ`.
    types: &'static [&'static str],
    required: Vec<&'static str>,
    forbidden: Vec<&'static str>,
    marks: Vec<ClaimRule>,
}

impl TokenKind {
    /// Access tokens of any provider. `typ` must be `at+jwt`, `JWT` or absent. Some claims must be absent: those of ID
    /// tokens (`nonce`, `at_hash`, `c_hash`; OpenID Connect Core sections 2 and 3.3.2.11), that of logout and security
    /// event tokens (`events`; RFC 8417), and that of tokens that are bound to a key (`cnf`; RFC 7800), since a plain
    /// bearer token does not prove possession of the key.
    ///
    /// # Security
    ///
    /// If a provider's ID tokens have none of these claims, only the audience distinguishes them: it is the client in
    /// an ID token and the API in an access token. Prefer [`TokenKind::rfc9068`] where the provider supports it.
    pub fn access() -> Self {
        Self {
            name: "access token",
            types: &["", "jwt", "at+jwt", "application/at+jwt"],
            required: Vec::new(),
            forbidden: vec!["nonce", "at_hash", "c_hash", "events", "cnf"],
            marks: Vec::new(),
        }
    }

    /// Access tokens of RFC 9068. `typ` must be `at+jwt`, and `iss`, `exp`, `aud`, `sub`, `client_id`, `iat` and `jti`
    /// are required.
    pub fn rfc9068() -> Self {
        Self {
            types: &["at+jwt", "application/at+jwt"],
            required: vec!["iss", "exp", "aud", "sub", "client_id", "iat", "jti"],
            ..Self::access()
        }
    }

    /// ID tokens (OpenID Connect Core section 2): `typ` must be `JWT` or absent, and `iat` is required.
    ///
    /// # Security
    ///
    /// An ID token tells a client which user has logged in. It is not meant to grant access to an API. Accept it only
    /// from your own client, and only if the provider has no access token that can be verified.
    pub fn id() -> Self {
        Self {
            name: "ID token",
            types: &["", "jwt"],
            required: vec!["iat"],
            forbidden: vec!["events", "cnf"],
            marks: Vec::new(),
        }
    }

    /// Requires a claim with a value that identifies this kind of token.
    #[must_use]
    pub fn require_value(self, claim: impl Into<ClaimPlace>, value: impl Into<Box<str>>) -> Self {
        self.require(ClaimRule::is(claim, value))
    }

    /// Requires a rule that only tokens of this kind meet.
    #[must_use]
    pub fn require(mut self, rule: ClaimRule) -> Self {
        self.marks.push(rule);
        self
    }

    /// Accepts tokens with a claim that usually belongs to another kind of token. Use it for providers that also put
    /// the claim into tokens of this kind.
    ///
    /// # Security
    ///
    /// Add another [rule](Self::require) that only tokens of this kind meet.
    #[must_use]
    pub fn allow_claim(mut self, claim: &'static str) -> Self {
        self.forbidden.retain(|forbidden| *forbidden != claim);
        self
    }

    /// Compares `typ` without regard to case, since it is a media type (RFC 7515 section 4.1.9).
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
