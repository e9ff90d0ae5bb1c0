//! The claims of an issuer that hold subject, scopes, groups, roles and permissions.

use crate::error::TokenError;
use crate::json::{Json, Object};
use crate::principal::Principal;
use crate::principal::claim_path::ClaimPath;
use crate::principal::name_set::NameSet;
use std::fmt;
use std::sync::Arc;

/// A rule that recognises the token of a program, as opposed to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServiceAccountRule {
    /// `sub` is the client itself (RFC 9068 section 2.2): it equals this claim.
    SubjectIs(&'static str),
    /// This claim is absent.
    Without(&'static str),
    /// This claim is present.
    With(&'static str),
    /// The claim has this value.
    Claim(&'static str, &'static str),
    /// `sub` begins with this text.
    SubjectStarts(&'static str),
    /// `sub` ends with this text.
    SubjectEnds(&'static str),
    /// Every token of the issuer is a program's.
    Always,
}

impl ServiceAccountRule {
    fn is_on(self, claims: &Object<'_>, subject: &str) -> bool {
        let is = |claim, value| claims.get(claim).and_then(Json::as_str).is_some_and(|text| text == value);
        match self {
            Self::SubjectIs(claim) => is(claim, subject),
            Self::Without(claim) => claims.get(claim).is_none(),
            Self::With(claim) => claims.get(claim).is_some(),
            Self::SubjectStarts(start) => subject.starts_with(start),
            Self::SubjectEnds(end) => subject.ends_with(end),
            Self::Always => true,
            Self::Claim(claim, value) => is(claim, value),
        }
    }
}

impl fmt::Display for ServiceAccountRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SubjectIs(claim) => write!(f, "`sub` is `{claim}`"),
            Self::Without(claim) => write!(f, "without `{claim}`"),
            Self::With(claim) => write!(f, "with `{claim}`"),
            Self::Claim(claim, value) => write!(f, "`{claim}` is `{value}`"),
            Self::SubjectStarts(start) => write!(f, "`sub` begins with `{start}`"),
            Self::SubjectEnds(end) => write!(f, "`sub` ends with `{end}`"),
            Self::Always => f.write_str("always"),
        }
    }
}

/// The mapping from the claims of an issuer to the parts of the [`Principal`].
///
/// The default suits most OpenID providers. It reads `sub`, `preferred_username`, `email`, `scope` and `scp`,
/// `groups`, `roles` and `permissions`. Setting a part replaces all its claims.
///
/// # Example
///
/// ```
/// use countersign_core::ClaimMap;
///
/// let keycloak = ClaimMap::default().roles([["realm_access", "roles"]]);
/// # let _ = keycloak;
/// ```
#[derive(Clone, Debug)]
pub struct ClaimMap {
    subject: Vec<ClaimPath>,
    username: Vec<ClaimPath>,
    email: Vec<ClaimPath>,
    tenant: Vec<ClaimPath>,
    scopes: Vec<ClaimPath>,
    groups: Vec<ClaimPath>,
    roles: Vec<ClaimPath>,
    permissions: Vec<ClaimPath>,
    overage: Vec<ClaimPath>,
    overage_advice: &'static str,
    machine: Vec<ServiceAccountRule>,
}

impl Default for ClaimMap {
    fn default() -> Self {
        Self {
            subject: paths(["sub"]),
            username: paths(["preferred_username", "username"]),
            email: paths(["email"]),
            tenant: Vec::new(),
            // The claim is `scope` in RFC 8693 and RFC 9068, and `scp` at Entra ID and Okta.
            scopes: paths(["scope", "scp"]),
            groups: paths(["groups"]),
            roles: paths(["roles"]),
            permissions: paths(["permissions"]),
            overage: Vec::new(),
            overage_advice: "",
            machine: vec![ServiceAccountRule::SubjectIs("client_id"), ServiceAccountRule::SubjectIs("azp")],
        }
    }
}

fn paths<P: Into<ClaimPath>>(places: impl IntoIterator<Item = P>) -> Vec<ClaimPath> {
    places.into_iter().map(Into::into).collect()
}

impl ClaimMap {
    /// Sets the claims of the subject. The default is `sub`. The first claim that is not empty is used. Use this for
    /// providers that sometimes omit `sub`.
    ///
    /// # Security
    ///
    /// Each claim must identify the caller as reliably as `sub`. It must be unique within the issuer and never be
    /// assigned to another caller.
    #[must_use]
    pub fn subject<P: Into<ClaimPath>>(mut self, places: impl IntoIterator<Item = P>) -> Self {
        self.subject = paths(places);
        self
    }

    /// Sets the claims of the user name. The first one with a value is used.
    #[must_use]
    pub fn username<P: Into<ClaimPath>>(mut self, places: impl IntoIterator<Item = P>) -> Self {
        self.username = paths(places);
        self
    }

    /// Sets the claims of the e-mail address. The first one with a value is used.
    #[must_use]
    pub fn email<P: Into<ClaimPath>>(mut self, places: impl IntoIterator<Item = P>) -> Self {
        self.email = paths(places);
        self
    }

    /// Sets the claims of the tenant or organisation. The first one with a value is used.
    #[must_use]
    pub fn tenant<P: Into<ClaimPath>>(mut self, places: impl IntoIterator<Item = P>) -> Self {
        self.tenant = paths(places);
        self
    }

    /// Sets the claims of scopes, each a string separated by spaces or an array. All of them are read.
    #[must_use]
    pub fn scopes<P: Into<ClaimPath>>(mut self, places: impl IntoIterator<Item = P>) -> Self {
        self.scopes = paths(places);
        self
    }

    /// Sets the claims of groups, each an array or one string. All of them are read.
    #[must_use]
    pub fn groups<P: Into<ClaimPath>>(mut self, places: impl IntoIterator<Item = P>) -> Self {
        self.groups = paths(places);
        self
    }

    /// Sets the claims of roles, each an array or one string. All of them are read.
    #[must_use]
    pub fn roles<P: Into<ClaimPath>>(mut self, places: impl IntoIterator<Item = P>) -> Self {
        self.roles = paths(places);
        self
    }

    /// Sets the claims of permissions, each an array or one string. All of them are read.
    #[must_use]
    pub fn permissions<P: Into<ClaimPath>>(mut self, places: impl IntoIterator<Item = P>) -> Self {
        self.permissions = paths(places);
        self
    }

    /// Sets the claims that signal that the token omits groups. The signal is on if one of them is present and not
    /// `false`.
    #[must_use]
    pub fn groups_overage<P: Into<ClaimPath>>(mut self, places: impl IntoIterator<Item = P>) -> Self {
        self.overage = paths(places);
        self
    }

    /// Sets the advice for the operator. It is logged when a guard denies a caller whose token omits groups. Name the
    /// setting to change at the provider, such as `use app roles`.
    #[must_use]
    pub fn groups_overage_advice(mut self, advice: &'static str) -> Self {
        self.overage_advice = advice;
        self
    }

    /// Sets the rules that recognise a machine's token. A token is a machine's if it meets one of them.
    #[must_use]
    pub fn machine(mut self, marks: impl IntoIterator<Item = ServiceAccountRule>) -> Self {
        self.machine = marks.into_iter().collect();
        self
    }

    /// Lists each part of the principal with its claims, in words.
    pub fn places(&self) -> impl Iterator<Item = (&'static str, String)> {
        let list = |places: &[ClaimPath]| places.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let marks = self.machine.iter().map(ToString::to_string).collect::<Vec<_>>().join(", or ");
        let parts = [
            ("subject", list(&self.subject)),
            ("user name", list(&self.username)),
            ("e-mail", list(&self.email)),
            ("tenant", list(&self.tenant)),
            ("scopes", list(&self.scopes)),
            ("groups", list(&self.groups)),
            ("groups left out", list(&self.overage)),
            ("roles", list(&self.roles)),
            ("permissions", list(&self.permissions)),
            ("a machine", marks),
        ];
        parts.into_iter().filter(|(_, places)| !places.is_empty())
    }

    /// Reads the principal from verified claims.
    pub(crate) fn principal(
        &self,
        issuer: Arc<str>,
        issuer_name: &Arc<str>,
        claims: &Object<'_>,
    ) -> Result<Principal, TokenError> {
        let subject = subject(claims, &self.subject)?;
        Ok(Principal {
            issuer,
            issuer_name: Arc::clone(issuer_name),
            subject: subject.into(),
            username: text(claims, &self.username, "username")?,
            email: text(claims, &self.email, "email")?,
            tenant: text(claims, &self.tenant, "tenant")?,
            scopes: names(claims, &self.scopes, "scope", |text| text.split(' '))?,
            groups: names(claims, &self.groups, "groups", one)?,
            roles: names(claims, &self.roles, "roles", one)?,
            permissions: names(claims, &self.permissions, "permissions", one)?,
            groups_left_out: self
                .overage
                .iter()
                .any(|path| path.resolve(claims).is_some_and(|value| !matches!(value, Json::Bool(false))))
                .then_some(self.overage_advice),
            is_machine: self.machine.iter().any(|mark| mark.is_on(claims, subject)),
        })
    }
}

fn subject<'a>(claims: &'a Object<'a>, places: &[ClaimPath]) -> Result<&'a str, TokenError> {
    let mut found = None;
    for value in places.iter().filter_map(|place| place.resolve(claims)) {
        let text = value.as_str().ok_or(TokenError::InvalidClaim("sub"))?;
        if !text.is_empty() {
            return Ok(text);
        }
        found = Some(text);
    }
    Err(if found.is_some() { TokenError::InvalidClaim("sub") } else { TokenError::MissingClaim("sub") })
}

fn text(claims: &Object<'_>, places: &[ClaimPath], part: &'static str) -> Result<Option<Box<str>>, TokenError> {
    match places.iter().find_map(|place| Some((place, place.resolve(claims)?))) {
        None => Ok(None),
        Some((_, Json::String(text))) => Ok(Some(text.as_ref().into())),
        // Azure AD B2C sends a list of e-mail addresses instead of one address.
        Some((place, value)) if place.is_list() => {
            let texts = place.texts(value).ok_or(TokenError::InvalidClaim(part))?;
            Ok(texts.first().map(|text| (*text).into()))
        }
        Some(_) => Err(TokenError::InvalidClaim(part)),
    }
}

/// Reads names from arrays and strings. `split` divides a string into names: one name, or several for scopes.
fn names<'a, I: Iterator<Item = &'a str>>(
    claims: &'a Object<'a>,
    places: &[ClaimPath],
    part: &'static str,
    split: impl Fn(&'a str) -> I,
) -> Result<NameSet, TokenError> {
    let mut names = NameSet::default();
    for (place, value) in places.iter().filter_map(|place| Some((place, place.resolve(claims)?))) {
        match value {
            Json::String(text) => {
                names.reserve(split(text).count(), text.len());
                names.extend(split(text));
            }
            _ => {
                let texts = place.texts(value).ok_or(TokenError::InvalidClaim(part))?;
                names.reserve(texts.len(), texts.iter().map(|text| text.len()).sum());
                names.extend(texts);
            }
        }
    }
    Ok(names)
}

fn one(text: &str) -> std::iter::Once<&str> {
    std::iter::once(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn principal(map: &ClaimMap, claims: &str) -> Result<Principal, TokenError> {
        map.principal("https://idp.example".into(), &"idp".into(), &Object::parse(claims).unwrap())
    }

    #[test]
    fn scopes_come_from_both_claims_in_both_shapes() {
        let map = ClaimMap::default();
        for claims in [
            r#"{"sub":"a","scope":"read write"}"#,
            r#"{"sub":"a","scp":["read","write"]}"#,
            r#"{"sub":"a","scope":"read","scp":"write  read"}"#,
        ] {
            let scopes = principal(&map, claims).unwrap().scopes;
            assert_eq!(scopes, NameSet::from_iter(["read", "write"]), "{claims}");
        }
    }

    #[test]
    fn a_lone_string_is_one_group() {
        let groups = principal(&ClaimMap::default(), r#"{"sub":"a","groups":"site admin"}"#).unwrap().groups;
        assert_eq!(groups, NameSet::from_iter(["site admin"]));
    }

    #[test]
    fn grants_of_the_wrong_type_are_refused() {
        for claims in [
            r#"{"sub":"a","groups":7}"#,
            r#"{"sub":"a","groups":{"admin":true}}"#,
            r#"{"sub":"a","groups":["admin",7]}"#,
            r#"{"sub":"a","scope":true}"#,
            r#"{"sub":"a","roles":[["admin"]]}"#,
            r#"{"sub":"a","email":["a@example.test"]}"#,
            r#"{"sub":7}"#,
            r#"{"sub":""}"#,
            r#"{}"#,
        ] {
            assert!(principal(&ClaimMap::default(), claims).is_err(), "{claims}");
        }
    }

    #[test]
    fn a_path_leads_through_objects() {
        let map = ClaimMap::default().roles([["realm_access", "roles"]]);
        let roles = principal(&map, r#"{"sub":"a","roles":["x"],"realm_access":{"roles":["editor"]}}"#).unwrap().roles;
        assert_eq!(roles, NameSet::from_iter(["editor"]));
        assert!(principal(&map, r#"{"sub":"a","realm_access":"roles"}"#).unwrap().roles.is_empty());
    }
}
