//! Which `iss` the tokens of one issuer carry: one name, several, or one for each tenant.

use crate::error::TokenError;
use crate::json::{Json, Object};
use std::sync::Arc;

/// The place of the tenant in a template, as Entra ID's discovery document writes it.
const TENANT: &str = "{tenantid}";

/// The names of one issuer. The first one stands for all of them.
#[derive(Clone, Debug)]
pub(crate) struct IssuerNames {
    first: Arc<str>,
    more: Vec<Box<str>>,
    tenants: Option<Tenants>,
    /// Whether keys that say whose they are verify for that issuer only.
    owns_keys: bool,
}

/// One name for each tenant.
#[derive(Clone, Debug)]
struct Tenants {
    /// The claim that names the tenant as well.
    claim: &'static str,
    /// All of them, unless listed.
    allowed: Option<Vec<Box<str>>>,
}

impl IssuerNames {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self { first: name, more: Vec::new(), tenants: None, owns_keys: false }
    }

    /// A further name, of the same issuer and with the same keys.
    pub(crate) fn add(&mut self, name: Box<str>) {
        self.more.push(name);
    }

    /// The names are templates; the part `{tenantid}` is a tenant's GUID, which stands in `claim` as well.
    pub(crate) fn for_tenants(&mut self, claim: &'static str, allowed: Option<Vec<Box<str>>>) {
        self.tenants = Some(Tenants { claim, allowed });
    }

    /// A key that says whose it is verifies for that issuer only.
    pub(crate) fn own_keys(&mut self) {
        self.owns_keys = true;
    }

    /// The name for people, and for subjects where there is but one issuer behind several names.
    pub(crate) fn first(&self) -> &Arc<str> {
        &self.first
    }

    fn all(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&*self.first).chain(self.more.iter().map(|name| &**name))
    }

    /// Whether something is wrong with the names themselves.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        if self.all().any(str::is_empty) {
            return Some("is empty: give the token's `iss`");
        }
        let Some(tenants) = &self.tenants else { return None };
        if !self.all().all(|name| name.matches(TENANT).count() == 1) {
            return Some("is for many tenants, but does not hold `{tenantid}` once");
        }
        match &tenants.allowed {
            Some(allowed) if allowed.is_empty() => Some("allows no tenant: name at least one"),
            Some(allowed) if !allowed.iter().all(|tenant| is_guid(tenant)) => {
                Some("allows a tenant that is not a GUID in lower case: take the tenant id over from the provider")
            }
            _ => None,
        }
    }

    /// Whether a token that names `iss` may be one of these: before its signature is verified.
    pub(crate) fn accept(&self, iss: &str) -> bool {
        match &self.tenants {
            None => self.all().any(|name| name == iss),
            Some(tenants) => self.all().any(|name| tenant_of(name, iss).is_some_and(|tenant| tenants.allow(tenant))),
        }
    }

    /// Whether `iss` is the name of a tenant, allowed or not.
    pub(crate) fn name_tenant(&self, iss: &str) -> bool {
        self.tenants.is_some() && self.all().any(|name| tenant_of(name, iss).is_some())
    }

    /// Whether a token could be of either.
    pub(crate) fn overlap(&self, other: &Self) -> bool {
        self.all().any(|name| other.all().any(|also| name == also || other.accept(name) || self.accept(also)))
    }

    /// The name that the subject is unique under, for a token whose `iss` is [accepted](Self::accept).
    #[inline]
    pub(crate) fn unique(&self, claims: &Object<'_>) -> Result<Arc<str>, TokenError> {
        // One issuer is one, whichever of its names the token bears; a tenant must be looked at together with its claim.
        if self.tenants.is_none() { Ok(Arc::clone(&self.first)) } else { self.check(claims) }
    }

    /// OpenID Connect Core section 3.1.3.7, RFC 9068 section 4: identical, so no other case, slash or prefix.
    ///
    /// Gives the name that the subject is unique under.
    pub(crate) fn check(&self, claims: &Object<'_>) -> Result<Arc<str>, TokenError> {
        let iss = named_by(claims)?;
        let Some(tenants) = &self.tenants else {
            return if self.accept(iss) { Ok(Arc::clone(&self.first)) } else { Err(TokenError::UnknownIssuer) };
        };
        let tenant = self.all().find_map(|name| tenant_of(name, iss)).ok_or(TokenError::UnknownIssuer)?;
        let named = claims.get(tenants.claim).ok_or(TokenError::MissingClaim(tenants.claim))?;
        if named.as_str() != Some(tenant) || !tenants.allow(tenant) {
            return Err(TokenError::WrongTenant);
        }
        // One name for each tenant, whichever of its names the token bears.
        Ok(self.first.replace(TENANT, tenant).into())
    }

    /// Whether a key that says whose it is may verify tokens of the issuer that [`check`](Self::check) gave.
    pub(crate) fn owns(&self, key_issuer: Option<&str>, issuer: &str, claims: &Object<'_>) -> bool {
        match (key_issuer, &self.tenants) {
            (_, None) if !self.owns_keys => true,
            (None, None) => true,
            // Keys of many tenants that do not say whose they are might be any tenant's.
            (None, Some(_)) => false,
            (Some(key), tenants) => {
                let tenant = claims.get(tenants.as_ref().map_or("tid", |tenants| tenants.claim));
                let tenant = tenant.and_then(Json::as_str).unwrap_or_default();
                key == issuer || key.replace(TENANT, tenant) == issuer
            }
        }
    }
}

impl Tenants {
    fn allow(&self, tenant: &str) -> bool {
        self.allowed.as_ref().is_none_or(|allowed| allowed.iter().any(|allowed| **allowed == *tenant))
    }
}

/// The `iss` of a token.
pub(crate) fn named_by<'c>(claims: &'c Object<'_>) -> Result<&'c str, TokenError> {
    claims.get("iss").ok_or(TokenError::MissingClaim("iss"))?.as_str().ok_or(TokenError::InvalidClaim("iss"))
}

/// The tenant that `iss` names, where it is of the template's form.
fn tenant_of<'a>(template: &str, iss: &'a str) -> Option<&'a str> {
    let (before, after) = template.split_once(TENANT)?;
    iss.strip_prefix(before)?.strip_suffix(after).filter(|tenant| is_guid(tenant))
}

/// As Entra ID writes them: in lower case, with hyphens.
fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "11111111-2222-3333-4444-555555555555";
    const THEIRS: &str = "99999999-2222-3333-4444-555555555555";

    fn many(allowed: Option<&[&str]>) -> IssuerNames {
        let mut names = IssuerNames::new("https://login.example/{tenantid}/v2.0".into());
        names.add("https://sts.example/{tenantid}/".into());
        names.for_tenants("tid", allowed.map(|allowed| allowed.iter().map(|tenant| Box::from(*tenant)).collect()));
        names
    }

    #[track_caller]
    fn assert_issuer(names: &IssuerNames, iss: &str, tid: &str, expected: Result<&str, TokenError>) {
        let claims = format!(r#"{{"iss":"{iss}","tid":"{tid}"}}"#);
        let issuer = names.check(&Object::parse(&claims).unwrap());
        assert_eq!(issuer.as_deref().map_err(|error| *error), expected, "{claims}");
    }

    #[test]
    fn one_issuer_may_have_two_names_and_counts_as_one() {
        let mut google = IssuerNames::new("https://accounts.google.com".into());
        google.add("accounts.google.com".into());
        for iss in ["https://accounts.google.com", "accounts.google.com"] {
            assert!(google.accept(iss));
            assert_issuer(&google, iss, "", Ok("https://accounts.google.com"));
        }
        for iss in
            ["https://accounts.google.com/", "accounts.google.co", "", "https://accounts.google.com.evil.example"]
        {
            assert!(!google.accept(iss));
            assert_issuer(&google, iss, "", Err(TokenError::UnknownIssuer));
        }
    }

    #[test]
    fn a_tenant_must_be_named_twice_and_allowed() {
        let v2 = |tenant: &str| format!("https://login.example/{tenant}/v2.0");
        let any = many(None);
        assert_issuer(&any, &v2(OURS), OURS, Ok(&v2(OURS)));
        assert_issuer(&any, &format!("https://sts.example/{OURS}/"), OURS, Ok(&v2(OURS)));
        assert_issuer(&any, &v2(OURS), THEIRS, Err(TokenError::WrongTenant));
        for no_tenant in
            ["{tenantid}", "common", "", "AAAAAAAA-2222-3333-4444-555555555555", &format!("{OURS}/../{THEIRS}")]
        {
            assert_issuer(&any, &v2(no_tenant), no_tenant, Err(TokenError::UnknownIssuer));
        }
        let ours = many(Some(&[OURS]));
        assert!(ours.accept(&v2(OURS)) && !ours.accept(&v2(THEIRS)));
        assert_issuer(&ours, &v2(THEIRS), THEIRS, Err(TokenError::WrongTenant));
    }

    #[test]
    fn a_key_verifies_for_the_tenant_it_belongs_to() {
        let names = many(None);
        let (ours, theirs) =
            (format!("https://login.example/{OURS}/v2.0"), format!("https://login.example/{THEIRS}/v2.0"));
        let claims = format!(r#"{{"tid":"{OURS}"}}"#);
        let claims = Object::parse(&claims).unwrap();
        for (key, expected) in [
            (Some("https://login.example/{tenantid}/v2.0"), true),
            (Some(&*ours), true),
            (Some(&*theirs), false),
            (Some("https://elsewhere.example/{tenantid}/v2.0"), false),
            (Some(""), false),
            (None, false),
        ] {
            assert_eq!(names.owns(key, &ours, &claims), expected, "{key:?}");
        }
    }

    #[test]
    fn whose_a_key_is_counts_for_who_asks() {
        let mut one = IssuerNames::new("https://login.example/".into());
        let claims = Object::default();
        assert!(one.owns(Some("https://elsewhere.example"), "https://login.example/", &claims));
        one.own_keys();
        assert!(!one.owns(Some("https://elsewhere.example"), "https://login.example/", &claims));
        assert!(one.owns(Some("https://login.example/"), "https://login.example/", &claims));
        assert!(one.owns(None, "https://login.example/", &claims));
    }

    #[test]
    fn names_that_overlap_are_found() {
        let one = |name: &str| IssuerNames::new(name.into());
        assert!(one("https://a.example").overlap(&one("https://a.example")));
        assert!(!one("https://a.example").overlap(&one("https://a.example/")));
        assert!(many(None).overlap(&one(&format!("https://login.example/{OURS}/v2.0"))));
        assert!(one(&format!("https://sts.example/{OURS}/")).overlap(&many(None)));
        assert!(!many(Some(&[THEIRS])).overlap(&one(&format!("https://login.example/{OURS}/v2.0"))));
        assert!(many(None).overlap(&many(Some(&[OURS]))));
    }

    #[test]
    fn names_that_could_not_be_are_refused() {
        assert!(IssuerNames::new("".into()).problem().is_some());
        assert!(many(Some(&[])).problem().is_some());
        assert!(many(Some(&["contoso.onmicrosoft.com"])).problem().is_some());
        let mut without = IssuerNames::new("https://login.example/v2.0".into());
        without.for_tenants("tid", None);
        assert!(without.problem().is_some());
        assert!(many(Some(&[OURS])).problem().is_none());
    }
}
