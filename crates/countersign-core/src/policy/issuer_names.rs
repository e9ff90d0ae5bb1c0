//! The `iss` values of one issuer: one name, several, or one for each tenant.

use crate::error::TokenError;
use crate::json::{Json, Object};
use std::sync::Arc;

/// The two places where a token of an issuer with many tenants names its tenant.
///
/// # Example
///
/// ```
/// use countersign_core::TenantTemplate;
///
/// // The discovery document of Entra ID has the issuer `https://login.microsoftonline.com/{tenantid}/v2.0`.
/// let entra = TenantTemplate { placeholder: "{tenantid}", claim: "tid" };
/// # let _ = entra;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TenantTemplate {
    /// The part of the issuer's name that is replaced with the tenant's GUID.
    pub placeholder: &'static str,
    /// The claim that also contains the tenant's GUID.
    pub claim: &'static str,
}

/// The names of one issuer. Logs and errors use the first one.
#[derive(Clone, Debug)]
pub(crate) struct IssuerNames {
    first: Arc<str>,
    more: Vec<Box<str>>,
    tenants: Option<Tenants>,
    /// Restricts a JWK with an `issuer` member to that issuer. The member may contain the placeholder.
    owns_keys: Option<TenantTemplate>,
}

/// One name for each tenant.
#[derive(Clone, Debug)]
struct Tenants {
    template: TenantTemplate,
    /// The allowed tenants; all of them if `None`.
    allowed: Option<Vec<Box<str>>>,
}

impl IssuerNames {
    pub(crate) fn new(name: Arc<str>) -> Self {
        Self { first: name, more: Vec::new(), tenants: None, owns_keys: None }
    }

    /// Adds another name of the same issuer.
    pub(crate) fn add(&mut self, name: Box<str>) {
        self.more.push(name);
    }

    /// Turns the names into templates for the allowed tenants, or for all tenants.
    pub(crate) fn for_tenants(&mut self, template: TenantTemplate, allowed: Option<Vec<Box<str>>>) {
        self.tenants = Some(Tenants { template, allowed });
    }

    /// Restricts a JWK with an `issuer` member to that issuer.
    pub(crate) fn own_keys(&mut self, template: TenantTemplate) {
        self.owns_keys = Some(template);
    }

    /// The first name. It is used in logs, and as the principal's issuer if there are no tenants.
    pub(crate) fn first(&self) -> &Arc<str> {
        &self.first
    }

    fn all(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&*self.first).chain(self.more.iter().map(|name| &**name))
    }

    /// The error in the names, if there is one.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        if self.all().any(str::is_empty) {
            return Some("is empty: give the token's `iss`");
        }
        let Some(tenants) = &self.tenants else { return None };
        if !self.all().all(|name| name.matches(tenants.template.placeholder).count() == 1) {
            return Some("is for many tenants: put the placeholder of the tenant into it exactly once");
        }
        match &tenants.allowed {
            Some(allowed) if allowed.is_empty() => Some("allows no tenant: name at least one"),
            Some(allowed) if !allowed.iter().all(|tenant| is_guid(tenant)) => {
                Some("allows a tenant that is not a GUID in lower case: copy the tenant id from the provider")
            }
            _ => None,
        }
    }

    /// True if a token that names `iss` may be of this issuer. The signature is not verified yet.
    pub(crate) fn accept(&self, iss: &str) -> bool {
        match &self.tenants {
            None => self.all().any(|name| name == iss),
            Some(tenants) => {
                self.all().any(|name| tenants.tenant_of(name, iss).is_some_and(|tenant| tenants.allow(tenant)))
            }
        }
    }

    /// True if `iss` is the name of a tenant, allowed or not.
    pub(crate) fn name_tenant(&self, iss: &str) -> bool {
        self.tenants.as_ref().is_some_and(|tenants| self.all().any(|name| tenants.tenant_of(name, iss).is_some()))
    }

    /// True if one `iss` could belong to both issuers.
    pub(crate) fn overlap(&self, other: &Self) -> bool {
        self.all().any(|name| other.all().any(|also| name == also || other.accept(name) || self.accept(also)))
    }

    /// The issuer within which the subject is unique, for a token whose `iss` is [accepted](Self::accept).
    #[inline]
    pub(crate) fn unique(&self, claims: &Object<'_>) -> Result<Arc<str>, TokenError> {
        // All names belong to the same issuer. A tenant must also match the tenant's claim.
        if self.tenants.is_none() { Ok(Arc::clone(&self.first)) } else { self.check(claims) }
    }

    /// Compares `iss` exactly (OpenID Connect Core section 3.1.3.7, RFC 9068 section 4): case, final slash and prefix
    /// count.
    ///
    /// Returns the issuer within which the subject is unique.
    pub(crate) fn check(&self, claims: &Object<'_>) -> Result<Arc<str>, TokenError> {
        let iss = named_by(claims)?;
        let Some(tenants) = &self.tenants else {
            return if self.accept(iss) { Ok(Arc::clone(&self.first)) } else { Err(TokenError::UnknownIssuer) };
        };
        let tenant = self.all().find_map(|name| tenants.tenant_of(name, iss)).ok_or(TokenError::UnknownIssuer)?;
        let named = claims.get(tenants.template.claim).ok_or(TokenError::MissingClaim(tenants.template.claim))?;
        if named.as_str() != Some(tenant) || !tenants.allow(tenant) {
            return Err(TokenError::WrongTenant);
        }
        // All names of one tenant belong to the same issuer.
        Ok(self.first.replace(tenants.template.placeholder, tenant).into())
    }

    /// True if the key's `issuer` member allows the key to verify tokens of the issuer that [`check`](Self::check)
    /// gave.
    pub(crate) fn owns(&self, key_issuer: Option<&str>, issuer: &str, claims: &Object<'_>) -> bool {
        let Some(template) = self.tenants.as_ref().map(|tenants| tenants.template).or(self.owns_keys) else {
            return true;
        };
        match key_issuer {
            // With tenants, a key without an `issuer` member could belong to any of them.
            None => self.tenants.is_none(),
            Some(key) => {
                let tenant = claims.get(template.claim).and_then(Json::as_str).unwrap_or_default();
                key == issuer || key.replace(template.placeholder, tenant) == issuer
            }
        }
    }
}

impl Tenants {
    fn allow(&self, tenant: &str) -> bool {
        self.allowed.as_ref().is_none_or(|allowed| allowed.iter().any(|allowed| **allowed == *tenant))
    }

    /// The tenant that `iss` names, if `iss` has the form of the issuer's `name`.
    fn tenant_of<'a>(&self, name: &str, iss: &'a str) -> Option<&'a str> {
        let (before, after) = name.split_once(self.template.placeholder)?;
        iss.strip_prefix(before)?.strip_suffix(after).filter(|tenant| is_guid(tenant))
    }
}

/// The `iss` of a token.
pub(crate) fn named_by<'c>(claims: &'c Object<'_>) -> Result<&'c str, TokenError> {
    claims.get("iss").ok_or(TokenError::MissingClaim("iss"))?.as_str().ok_or(TokenError::InvalidClaim("iss"))
}

/// True for a GUID in lower case, with hyphens.
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

    const TEMPLATE: TenantTemplate = TenantTemplate { placeholder: "{tenantid}", claim: "tid" };
    const OURS: &str = "11111111-2222-3333-4444-555555555555";
    const THEIRS: &str = "99999999-2222-3333-4444-555555555555";

    fn many(allowed: Option<&[&str]>) -> IssuerNames {
        let mut names = IssuerNames::new("https://login.example/{tenantid}/v2.0".into());
        names.add("https://sts.example/{tenantid}/".into());
        names.for_tenants(TEMPLATE, allowed.map(|allowed| allowed.iter().map(|tenant| Box::from(*tenant)).collect()));
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
        one.own_keys(TEMPLATE);
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
        without.for_tenants(TEMPLATE, None);
        assert!(without.problem().is_some());
        assert!(many(Some(&[OURS])).problem().is_none());
    }
}
