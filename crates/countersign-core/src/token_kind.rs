//! Which kind of token is accepted, and the marks by which it is told from others (RFC 8725 section 3.12).

use crate::error::TokenError;
use crate::json::{Json, Object};

/// The kind of token that an issuer's tokens must be. The default is [`TokenKind::access`].
///
/// # Example
///
/// ```
/// use countersign_core::TokenKind;
///
/// // Cognito marks its tokens itself.
/// let cognito = TokenKind::access().marked("token_use", "access");
/// # let _ = cognito;
/// ```
#[derive(Clone, Debug)]
pub struct TokenKind {
    /// Values of `typ`, in lower case; the empty one stands for a header without.
    types: &'static [&'static str],
    required: Vec<&'static str>,
    forbidden: Vec<&'static str>,
    marks: Vec<(&'static str, &'static str)>,
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
            types: &["", "jwt", "at+jwt", "application/at+jwt"],
            required: vec!["exp", "sub"],
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

    /// Demands a claim that says which kind the token is.
    #[must_use]
    pub fn marked(mut self, claim: &'static str, value: &'static str) -> Self {
        self.marks.push((claim, value));
        self
    }

    /// RFC 7515 section 4.1.9: `typ` is a media type, so its case does not count.
    pub(crate) fn check_type(&self, typ: Option<&str>) -> Result<(), TokenError> {
        let typ = typ.unwrap_or_default();
        if self.types.iter().any(|accepted| accepted.eq_ignore_ascii_case(typ)) {
            Ok(())
        } else {
            Err(TokenError::TypeNotAccepted)
        }
    }

    pub(crate) fn check_claims(&self, claims: &Object<'_>) -> Result<(), TokenError> {
        for claim in &self.required {
            claims.get(claim).ok_or(TokenError::MissingClaim(claim))?;
        }
        if self.forbidden.iter().any(|claim| claims.has(claim)) {
            return Err(TokenError::WrongKind);
        }
        for (claim, value) in &self.marks {
            match claims.get(claim).map(Json::as_str) {
                Some(Some(mark)) if mark == *value => {}
                Some(_) => return Err(TokenError::WrongKind),
                None => return Err(TokenError::MissingClaim(claim)),
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
