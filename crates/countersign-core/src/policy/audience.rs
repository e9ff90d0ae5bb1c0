//! The audience rule: the API or the client that a token must be issued for.

use crate::error::TokenError;
use crate::json::{Json, Object};
use crate::policy::claim_rule::either;
use std::fmt;

/// The audience that a token must name. There is no rule that accepts every audience.
///
/// # Example
///
/// ```
/// use countersign_core::Audience;
///
/// let api = Audience::any_of(["https://api.example.com"]);
/// // Cognito's access tokens have no `aud`. They name the app client that they were issued to.
/// let client = Audience::claim("client_id", ["5fexample"]);
/// assert_eq!(client.to_string(), "`client_id` is `5fexample`");
/// # let _ = api;
/// ```
#[derive(Clone, Debug)]
pub struct Audience(Rule);

#[derive(Clone, Debug)]
enum Rule {
    Claim { claim: &'static str, accepted: Vec<Box<str>> },
    Client { accepted: Vec<Box<str>> },
    OneApiIssuer,
}

impl Audience {
    /// Requires that `aud` is one of these values or an array that contains one of them. The comparison is exact.
    pub fn any_of<A: Into<Box<str>>>(accepted: impl IntoIterator<Item = A>) -> Self {
        Self::claim("aud", accepted)
    }

    /// Requires the audience of an ID token (OpenID Connect Core section 3.1.3.7, numbers 3 to 5). `aud` must be or
    /// contain one of these clients. If `aud` contains several values, `azp` must be one of these clients.
    pub fn client<A: Into<Box<str>>>(accepted: impl IntoIterator<Item = A>) -> Self {
        Self(Rule::Client { accepted: accepted.into_iter().map(Into::into).collect() })
    }

    /// Requires one of these values in another claim instead of `aud`, for providers that issue tokens without `aud`.
    ///
    /// # Security
    ///
    /// The claim says which client asked for the token, not which API it is for. Use it only if the provider's tokens
    /// have no `aud`.
    pub fn claim<A: Into<Box<str>>>(claim: &'static str, accepted: impl IntoIterator<Item = A>) -> Self {
        Self(Rule::Claim { claim, accepted: accepted.into_iter().map(Into::into).collect() })
    }

    /// Accepts every token of the issuer. The issuer's name or keys must belong to one application only.
    ///
    /// # Security
    ///
    /// Every token that the issuer signs is accepted. Use it only for an issuer that serves only your application and
    /// whose tokens have no audience, such as a project of Descope or the key set of a WorkOS client.
    pub fn whole_issuer() -> Self {
        Self(Rule::OneApiIssuer)
    }

    /// True if no audience could ever be accepted.
    pub(crate) fn is_empty(&self) -> bool {
        match &self.0 {
            Rule::Claim { accepted, .. } | Rule::Client { accepted } => {
                accepted.is_empty() || accepted.iter().any(|audience| audience.is_empty())
            }
            Rule::OneApiIssuer => false,
        }
    }

    pub(crate) fn check(&self, claims: &Object<'_>) -> Result<(), TokenError> {
        match &self.0 {
            Rule::Claim { claim, accepted } => names_one(claims, claim, accepted).map(|_| ()),
            Rule::Client { accepted } => match names_one(claims, "aud", accepted)? {
                Named::Alone => Ok(()),
                Named::AmongOthers => names_one(claims, "azp", accepted).map(|_| ()),
            },
            Rule::OneApiIssuer => Ok(()),
        }
    }
}

/// The way in which a claim names an accepted audience.
enum Named {
    Alone,
    AmongOthers,
}

/// Checks a claim with one string or an array of strings (RFC 7519 section 4.1.3). One of them must be accepted.
fn names_one(claims: &Object<'_>, claim: &'static str, accepted: &[Box<str>]) -> Result<Named, TokenError> {
    let is_accepted = |audience: &str| accepted.iter().any(|accepted| **accepted == *audience);
    match claims.get(claim).ok_or(TokenError::MissingClaim(claim))? {
        Json::String(audience) if is_accepted(audience) => Ok(Named::Alone),
        Json::String(_) => Err(TokenError::WrongAudience),
        Json::Array(items) => {
            if !items.iter().all(|item| item.as_str().is_some()) {
                return Err(TokenError::InvalidClaim(claim));
            }
            if !items.iter().filter_map(Json::as_str).any(is_accepted) {
                return Err(TokenError::WrongAudience);
            }
            Ok(if items.len() == 1 { Named::Alone } else { Named::AmongOthers })
        }
        _ => Err(TokenError::InvalidClaim(claim)),
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Rule::Claim { claim: "aud", accepted } => write!(f, "`aud` is or holds {}", either(accepted)),
            Rule::Claim { claim, accepted } => write!(f, "`{claim}` is {}", either(accepted)),
            Rule::Client { accepted } => {
                write!(f, "`aud` is or holds {}, with `azp` where it holds several", either(accepted))
            }
            Rule::OneApiIssuer => f.write_str("every token of this issuer"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_token_for_several_audiences_must_name_its_client() {
        let rule = Audience::client(["ours"]);
        for (claims, expected) in [
            (r#"{"aud":"ours"}"#, Ok(())),
            (r#"{"aud":["ours"]}"#, Ok(())),
            (r#"{"aud":"ours","azp":"the app that asked"}"#, Ok(())),
            (r#"{"aud":["ours","theirs"],"azp":"ours"}"#, Ok(())),
            (r#"{"aud":["ours","theirs"],"azp":"theirs"}"#, Err(TokenError::WrongAudience)),
            (r#"{"aud":["ours","theirs"]}"#, Err(TokenError::MissingClaim("azp"))),
            (r#"{"aud":"theirs"}"#, Err(TokenError::WrongAudience)),
            (r#"{"aud":[]}"#, Err(TokenError::WrongAudience)),
            (r#"{"aud":["ours",7]}"#, Err(TokenError::InvalidClaim("aud"))),
            (r#"{}"#, Err(TokenError::MissingClaim("aud"))),
        ] {
            assert_eq!(rule.check(&Object::parse(claims).unwrap()), expected, "{claims}");
        }
    }

    #[test]
    fn an_audience_that_nothing_names_is_none() {
        assert!(Audience::any_of([""]).is_empty() && Audience::client::<&str>([]).is_empty());
        assert!(!Audience::whole_issuer().is_empty());
    }
}
