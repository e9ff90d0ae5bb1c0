//! A preset's knowledge about its provider, as data.

use crate::preset::key_location::{KeyLocation, check_issuer};
use countersign_core::{
    Algorithm, Algorithms, Audience, ClaimMap, ClaimRule, ConfigError, Issuer, IssuerKeys, TenantTemplate, TokenKind,
};
use std::sync::Arc;

/// The tenant in the names and tokens of Entra ID, as its discovery document writes it.
const TENANT: TenantTemplate = TenantTemplate { placeholder: "{tenantid}", claim: "tid" };

/// A preset's knowledge about its provider: everything that an [`Issuer`] needs except the keys themselves.
#[derive(Clone, Debug)]
pub struct Profile {
    pub(crate) iss: Arc<str>,
    pub(crate) also_named: Vec<String>,
    pub(crate) tenants: Option<Tenants>,
    pub(crate) keys: KeyLocation,
    pub(crate) access: Vec<Form>,
    pub(crate) id: Option<Form>,
    pub(crate) algorithms: Algorithms,
    pub(crate) claim_map: ClaimMap,
    pub(crate) rules: Vec<ClaimRule>,
    pub(crate) keys_by_issuer: bool,
    #[cfg(feature = "dangerous-unsigned")]
    emulator: Option<String>,
}

/// A kind of token, with the audience that tokens of this kind must have.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) kind: TokenKind,
    pub(crate) audience: Audience,
}

/// The accepted tenants of an issuer whose name contains the tenant.
#[derive(Clone, Debug)]
pub(crate) enum Tenants {
    Any,
    Only(Vec<String>),
}

/// The kinds of token that a provider is configured for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Accepted {
    /// Access tokens, or ID tokens if the provider issues no access tokens that can be verified.
    #[default]
    Usual,
    Id,
    Either,
}

/// The algorithm of every provider that does not state another one.
const RS256: [Algorithm; 1] = [Algorithm::RS256];

impl Profile {
    /// Makes the profile of an issuer whose discovery document is under its `iss`.
    pub(crate) fn discovered(iss: impl Into<String>) -> Result<Self, ConfigError> {
        let iss = iss.into();
        check_issuer(&iss)?;
        let keys = KeyLocation::discovered(&iss)?;
        Ok(Self::new(iss, keys))
    }

    /// Makes the profile of an issuer whose discovery document is under another URL than its `iss`.
    pub(crate) fn discovered_at(iss: impl Into<String>, base: &str) -> Result<Self, ConfigError> {
        let iss = iss.into();
        let keys = KeyLocation::discovered(base)?;
        Ok(Self::new(iss, keys))
    }

    /// Makes the profile of an issuer with keys at a fixed URL.
    pub(crate) fn with_keys_at(iss: impl Into<String>, keys: &str) -> Result<Self, ConfigError> {
        Ok(Self::new(iss.into(), KeyLocation::at(keys)?))
    }

    fn new(iss: String, keys: KeyLocation) -> Self {
        Self {
            iss: iss.into(),
            also_named: Vec::new(),
            tenants: None,
            keys,
            access: Vec::new(),
            id: None,
            algorithms: RS256.into_iter().collect(),
            claim_map: ClaimMap::default(),
            rules: Vec::new(),
            keys_by_issuer: false,
            #[cfg(feature = "dangerous-unsigned")]
            emulator: None,
        }
    }

    /// Adds a further `iss` of the same issuer.
    pub(crate) fn also_named(mut self, iss: impl Into<String>) -> Self {
        self.also_named.push(iss.into());
        self
    }

    /// Sets the accepted tenants. The names of the issuer contain `{tenantid}`.
    pub(crate) fn for_tenants(mut self, tenants: Tenants) -> Self {
        self.tenants = Some(tenants);
        self
    }

    /// Restricts each key to the issuer that it names.
    pub(crate) fn keys_by_issuer(mut self) -> Self {
        self.keys_by_issuer = true;
        self
    }

    /// Adds a kind of access token.
    pub(crate) fn access(mut self, kind: TokenKind, audience: Audience) -> Self {
        self.access.push(Form { kind, audience });
        self
    }

    /// Sets the kind of ID token.
    pub(crate) fn id(mut self, kind: TokenKind, audience: Audience) -> Self {
        self.id = Some(Form { kind, audience });
        self
    }

    /// Replaces RS256 as the only algorithm.
    pub(crate) fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = algorithms.into_iter().collect();
        self
    }

    pub(crate) fn claim_map(mut self, claim_map: ClaimMap) -> Self {
        self.claim_map = claim_map;
        self
    }

    pub(crate) fn rule(mut self, rule: ClaimRule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Accepts unsigned tokens of the emulator at this address instead.
    #[cfg(feature = "dangerous-unsigned")]
    pub(crate) fn emulated_by(mut self, emulator: String) -> Self {
        self.emulator = Some(emulator);
        self
    }

    #[cfg(feature = "dangerous-unsigned")]
    pub(crate) fn is_emulated(&self) -> bool {
        self.emulator.is_some()
    }

    /// The accepted kinds of token, with the preset's default first.
    pub(crate) fn forms(&self, accepted: Accepted) -> Vec<&Form> {
        match accepted {
            Accepted::Usual if self.access.is_empty() => self.id.iter().collect(),
            Accepted::Usual => self.access.iter().collect(),
            Accepted::Id => self.id.iter().collect(),
            Accepted::Either => self.access.iter().chain(&self.id).collect(),
        }
    }

    /// Makes the issuer that accepts these kinds of token.
    pub(crate) fn issuer(self, accepted: Accepted, keys: IssuerKeys) -> Result<Issuer, ConfigError> {
        let forms: Vec<Form> = self.forms(accepted).into_iter().cloned().collect();
        let mut issuer = Issuer::new(self.iss, keys).algorithms(self.algorithms.iter()).claim_map(self.claim_map);
        issuer = self.also_named.into_iter().fold(issuer, |issuer, name| issuer.also_named(name));
        issuer = match self.tenants {
            None => issuer,
            Some(Tenants::Any) => issuer.for_any_tenant(TENANT),
            Some(Tenants::Only(tenants)) => issuer.for_tenants(TENANT, tenants),
        };
        if self.keys_by_issuer {
            issuer = issuer.keys_by_issuer(TENANT);
        }
        issuer = self.rules.into_iter().fold(issuer, Issuer::rule);
        #[cfg(feature = "dangerous-unsigned")]
        if let Some(emulator) = &self.emulator {
            issuer = issuer.danger().accept_unsigned_tokens(emulator)?;
        }
        let mut forms = forms.into_iter();
        if let Some(Form { kind, audience }) = forms.next() {
            issuer = issuer.kind(kind).audience(audience);
        }
        Ok(forms.fold(issuer, |issuer, Form { kind, audience }| issuer.or(kind, audience)))
    }
}
