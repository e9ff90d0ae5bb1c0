//! The audience rule: which API, or which client, a token must be for.

use crate::error::TokenError;
use crate::json::{Json, Object};

/// Which audience a token must name. There is no rule that accepts them all.
///
/// # Example
///
/// ```
/// use countersign_core::Audience;
///
/// let api = Audience::any_of(["https://api.example.com"]);
/// // Cognito's access tokens have no `aud`, but name the app client that they were issued to.
/// let client = Audience::claim("client_id", ["5fexample"]);
/// # let _ = (api, client);
/// ```
#[derive(Clone, Debug)]
pub struct Audience {
    claim: &'static str,
    accepted: Vec<Box<str>>,
}

impl Audience {
    /// The claim `aud` must be, or hold, one of these, to the letter.
    pub fn any_of<A: Into<Box<str>>>(accepted: impl IntoIterator<Item = A>) -> Self {
        Self::claim("aud", accepted)
    }

    /// Another claim takes the place of `aud`: for providers that issue access tokens without one.
    ///
    /// # Security
    ///
    /// The claim says which client asked for the token, not which API it is for. Use it only where the provider gives
    /// no audience, as a preset does.
    pub fn claim<A: Into<Box<str>>>(claim: &'static str, accepted: impl IntoIterator<Item = A>) -> Self {
        Self { claim, accepted: accepted.into_iter().map(Into::into).collect() }
    }

    /// Whether no audience could ever be accepted.
    pub(crate) fn is_empty(&self) -> bool {
        self.accepted.is_empty() || self.accepted.iter().any(|audience| audience.is_empty())
    }

    /// RFC 7519 section 4.1.3: one string or an array of strings, one of which must be ours.
    pub(crate) fn check(&self, claims: &Object<'_>) -> Result<(), TokenError> {
        let named = match claims.get(self.claim).ok_or(TokenError::MissingClaim(self.claim))? {
            Json::String(audience) => self.accepts(audience),
            Json::Array(items) => {
                let audiences: Option<Vec<&str>> = items.iter().map(Json::as_str).collect();
                let audiences = audiences.ok_or(TokenError::InvalidClaim(self.claim))?;
                audiences.into_iter().any(|audience| self.accepts(audience))
            }
            _ => return Err(TokenError::InvalidClaim(self.claim)),
        };
        if named { Ok(()) } else { Err(TokenError::WrongAudience) }
    }

    fn accepts(&self, audience: &str) -> bool {
        self.accepted.iter().any(|accepted| **accepted == *audience)
    }
}
