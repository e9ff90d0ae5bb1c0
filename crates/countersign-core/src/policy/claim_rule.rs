//! Rules about a single claim, as data.

use crate::clock::UnixTime;
use crate::error::TokenError;
use crate::json::{Json, Object};
use std::borrow::Cow;
use std::fmt;

/// A rule about one claim, by its name or by the path to it.
///
/// # Example
///
/// ```
/// use countersign_core::ClaimRule;
///
/// let hosted = ClaimRule::one_of("hd", ["example.com", "example.org"]);
/// let tenant = ClaimRule::is(["firebase", "tenant"], "acme-x1y2z");
/// assert_eq!(hosted.to_string(), "`hd` is `example.com` or `example.org`");
/// assert_eq!(tenant.to_string(), "`firebase → tenant` is `acme-x1y2z`");
/// ```
#[derive(Clone)]
pub struct ClaimRule {
    place: ClaimPlace,
    others: Vec<ClaimPlace>,
    condition: Condition,
}

/// The name of a claim, or the names on the path to it.
#[derive(Clone, Debug)]
pub struct ClaimPlace(Cow<'static, [&'static str]>);

impl From<&'static str> for ClaimPlace {
    fn from(name: &'static str) -> Self {
        Self(vec![name].into())
    }
}

impl<const N: usize> From<[&'static str; N]> for ClaimPlace {
    fn from(path: [&'static str; N]) -> Self {
        Self(path.to_vec().into())
    }
}

impl fmt::Display for ClaimPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0.join(" → "))
    }
}

#[derive(Clone)]
enum Condition {
    OneOf(Vec<Box<str>>),
    BeginsWith(Box<str>),
    NoneOf(Vec<Box<str>>),
    Present,
    Absent,
    Unset,
    Past,
    AtMost(usize),
}

impl ClaimRule {
    fn new(place: impl Into<ClaimPlace>, condition: Condition) -> Self {
        Self { place: place.into(), others: Vec::new(), condition }
    }

    /// Requires that the claim is this text.
    pub fn is(place: impl Into<ClaimPlace>, value: impl Into<Box<str>>) -> Self {
        Self::one_of(place, [value])
    }

    /// Requires that the claim is one of these texts.
    pub fn one_of<V: Into<Box<str>>>(place: impl Into<ClaimPlace>, values: impl IntoIterator<Item = V>) -> Self {
        Self::new(place, Condition::OneOf(values.into_iter().map(Into::into).collect()))
    }

    /// Requires that the claim is a text with this prefix. Use it for identifiers such as `session_01H..`.
    ///
    /// # Example
    ///
    /// ```
    /// use countersign_core::{ClaimRule, TokenKind};
    ///
    /// let session = TokenKind::access().require(ClaimRule::begins_with("sid", "session_"));
    /// # let _ = session;
    /// ```
    pub fn begins_with(place: impl Into<ClaimPlace>, beginning: impl Into<Box<str>>) -> Self {
        Self::new(place, Condition::BeginsWith(beginning.into()))
    }

    /// Requires that the claim is absent or is a different text.
    pub fn is_not(place: impl Into<ClaimPlace>, value: impl Into<Box<str>>) -> Self {
        Self::new(place, Condition::NoneOf(vec![value.into()]))
    }

    /// Requires that the claim is present, with any value.
    pub fn present(place: impl Into<ClaimPlace>) -> Self {
        Self::new(place, Condition::Present)
    }

    /// Requires that the claim is absent.
    pub fn absent(place: impl Into<ClaimPlace>) -> Self {
        Self::new(place, Condition::Absent)
    }

    /// Requires that the claim is absent or `false`, for flags that must not be set.
    pub fn unset(place: impl Into<ClaimPlace>) -> Self {
        Self::new(place, Condition::Unset)
    }

    /// Requires that the claim is a time in the past. The leeway is added to the current time.
    pub fn past(place: impl Into<ClaimPlace>) -> Self {
        Self::new(place, Condition::Past)
    }

    /// Requires that the claim is absent or is a text of up to this many bytes.
    pub fn at_most(place: impl Into<ClaimPlace>, bytes: usize) -> Self {
        Self::new(place, Condition::AtMost(bytes))
    }

    /// Adds an alternative claim, which is read if all earlier ones are absent. Call it again to add more.
    #[must_use]
    pub fn or_at(mut self, place: impl Into<ClaimPlace>) -> Self {
        self.others.push(place.into());
        self
    }

    /// The claim's name: the last one on its path.
    pub(crate) fn claim(&self) -> &'static str {
        self.place.0.last().copied().unwrap_or_default()
    }

    /// True if the claims meet the rule; `latest` is now plus the leeway.
    pub(crate) fn is_met(&self, claims: &Object<'_>, latest: UnixTime) -> Result<bool, TokenError> {
        let (object, is_there) = self.others.iter().fold(claims.at(&self.place.0), |found, other| match found {
            (None, false) => claims.at(&other.0),
            found => found,
        });
        let text = || object.and_then(Json::as_str);
        Ok(match &self.condition {
            Condition::OneOf(values) => match object {
                None => return Err(TokenError::MissingClaim(self.claim())),
                Some(value) => value.as_str().is_some_and(|text| values.iter().any(|value| **value == *text)),
            },
            Condition::BeginsWith(beginning) => match object {
                None => return Err(TokenError::MissingClaim(self.claim())),
                Some(value) => value.as_str().is_some_and(|text| text.starts_with(&**beginning)),
            },
            // A rule about texts is not met by a value of another type.
            Condition::NoneOf(values) => {
                !is_there || text().is_some_and(|text| values.iter().all(|value| **value != *text))
            }
            Condition::Present if object.is_none() => return Err(TokenError::MissingClaim(self.claim())),
            Condition::Present => true,
            Condition::Absent => !is_there,
            Condition::Unset => !is_there || matches!(object, Some(Json::Bool(false))),
            Condition::Past => match object {
                None => return Err(TokenError::MissingClaim(self.claim())),
                Some(number @ (Json::Integer(_) | Json::Number(_))) => {
                    number.as_moment().is_some_and(|moment| moment <= latest)
                }
                Some(_) => return Err(TokenError::InvalidClaim(self.claim())),
            },
            Condition::AtMost(bytes) => !is_there || text().is_some_and(|text| text.len() <= *bytes),
        })
    }
}

impl fmt::Display for ClaimRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = std::iter::once(&self.place).chain(&self.others).map(ToString::to_string).collect();
        let name = names.join(" or ");
        match &self.condition {
            Condition::OneOf(values) => write!(f, "{name} is {}", either(values)),
            Condition::BeginsWith(beginning) => write!(f, "{name} begins with `{beginning}`"),
            Condition::NoneOf(values) => write!(f, "{name} is not {}", either(values)),
            Condition::Present => write!(f, "{name} is present"),
            Condition::Absent => write!(f, "{name} is absent"),
            Condition::Unset => write!(f, "{name} is absent or `false`"),
            Condition::Past => write!(f, "{name} is in the past"),
            Condition::AtMost(bytes) => write!(f, "{name} has at most {bytes} bytes"),
        }
    }
}

impl fmt::Debug for ClaimRule {
    /// Shows only the claim, since the required value may be secret, such as a nonce.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClaimRule").field(&self.place).finish_non_exhaustive()
    }
}

/// Joins the values in a readable form: `` `a` or `b` ``.
pub(crate) fn either(values: &[Box<str>]) -> String {
    let quoted: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
    quoted.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_rule(rule: &ClaimRule, claims: &str, expected: Result<bool, TokenError>) {
        let met = rule.is_met(&Object::parse(claims).unwrap(), UnixTime::from_secs(1000));
        assert_eq!(met, expected, "{rule} of {claims}");
    }

    #[test]
    fn a_value_is_compared_to_the_letter() {
        let rule = ClaimRule::one_of("hd", ["a.example", "b.example"]);
        assert_rule(&rule, r#"{"hd":"b.example"}"#, Ok(true));
        for other in [r#"{"hd":"B.example"}"#, r#"{"hd":"c.example"}"#, r#"{"hd":["a.example"]}"#, r#"{"hd":""}"#] {
            assert_rule(&rule, other, Ok(false));
        }
        for missing in ["{}", r#"{"hd":null}"#] {
            assert_rule(&rule, missing, Err(TokenError::MissingClaim("hd")));
        }
    }

    #[test]
    fn what_must_not_be_is_not_smuggled_in_by_another_type() {
        let rule = ClaimRule::is_not("sts", "pending");
        assert_rule(&rule, "{}", Ok(true));
        assert_rule(&rule, r#"{"sts":"active"}"#, Ok(true));
        for refused in [r#"{"sts":"pending"}"#, r#"{"sts":["pending"]}"#, r#"{"sts":null}"#] {
            assert_rule(&rule, refused, Ok(false));
        }
        assert_rule(&ClaimRule::absent("firebase"), r#"{"firebase":null}"#, Ok(false));
        assert_rule(&ClaimRule::at_most("sub", 2), r#"{"sub":"abc"}"#, Ok(false));
        assert_rule(&ClaimRule::at_most("sub", 2), r#"{"sub":12}"#, Ok(false));
    }

    #[test]
    fn a_path_leads_through_objects() {
        let rule = ClaimRule::is(["firebase", "tenant"], "acme");
        assert_rule(&rule, r#"{"firebase":{"tenant":"acme"}}"#, Ok(true));
        assert_rule(&rule, r#"{"firebase":{"tenant":"other"}}"#, Ok(false));
        assert_rule(&rule, r#"{"firebase":"tenant"}"#, Err(TokenError::MissingClaim("tenant")));
        assert_rule(&ClaimRule::absent(["firebase", "tenant"]), r#"{"firebase":{}}"#, Ok(true));
        assert_rule(&ClaimRule::absent(["firebase", "tenant"]), r#"{"firebase":[]}"#, Ok(false));
    }

    #[test]
    fn another_place_counts_where_the_first_is_empty() {
        let rule = ClaimRule::is("tfp", "b2c_1_a").or_at("acr");
        assert_rule(&rule, r#"{"acr":"b2c_1_a"}"#, Ok(true));
        assert_rule(&rule, r#"{"tfp":"b2c_1_a","acr":"other"}"#, Ok(true));
        assert_rule(&rule, r#"{"tfp":"other","acr":"b2c_1_a"}"#, Ok(false));
        assert_rule(&rule, r#"{"tfp":null,"acr":"b2c_1_a"}"#, Err(TokenError::MissingClaim("tfp")));
        assert_rule(&rule, "{}", Err(TokenError::MissingClaim("tfp")));
    }

    #[test]
    fn further_places_count_in_their_order() {
        let rule = ClaimRule::present("azp").or_at("client_id").or_at("gty");
        for claims in [r#"{"azp":"a"}"#, r#"{"client_id":"a"}"#, r#"{"gty":"a"}"#] {
            assert_rule(&rule, claims, Ok(true));
        }
        assert_rule(&rule, r#"{"client_id":null,"gty":"a"}"#, Err(TokenError::MissingClaim("azp")));
        assert_rule(&rule, "{}", Err(TokenError::MissingClaim("azp")));
    }

    #[test]
    fn an_identifier_says_what_it_is_of() {
        let rule = ClaimRule::begins_with("sid", "session_");
        assert_rule(&rule, r#"{"sid":"session_1"}"#, Ok(true));
        for other in
            [r#"{"sid":"SESSION_1"}"#, r#"{"sid":" session_1"}"#, r#"{"sid":"sess"}"#, r#"{"sid":["session_1"]}"#]
        {
            assert_rule(&rule, other, Ok(false));
        }
        assert_rule(&rule, "{}", Err(TokenError::MissingClaim("sid")));
    }

    #[test]
    fn a_flag_that_is_up_is_not_met() {
        let rule = ClaimRule::unset("is_anonymous");
        assert_rule(&rule, r#"{"is_anonymous":false}"#, Ok(true));
        assert_rule(&rule, "{}", Ok(true));
        for claims in [r#"{"is_anonymous":true}"#, r#"{"is_anonymous":"false"}"#, r#"{"is_anonymous":null}"#] {
            assert_rule(&rule, claims, Ok(false));
        }
    }

    #[test]
    fn a_time_must_have_come() {
        let rule = ClaimRule::past("auth_time");
        assert_rule(&rule, r#"{"auth_time":1000}"#, Ok(true));
        assert_rule(&rule, r#"{"auth_time":999.5}"#, Ok(true));
        assert_rule(&rule, r#"{"auth_time":1001}"#, Ok(false));
        assert_rule(&rule, r#"{"auth_time":"1"}"#, Err(TokenError::InvalidClaim("auth_time")));
        assert_rule(&rule, "{}", Err(TokenError::MissingClaim("auth_time")));
    }
}
