//! One trusted issuer as data. Presets create it and the builder takes it.

use crate::error::{ConfigError, TokenError, VerifyError};
use crate::keys::algorithm::{Algorithm, Algorithms};
use crate::keys::fetch::FetchJwks;
use crate::keys::jwks::Jwks;
use crate::keys::key_set::KeySet;
use crate::keys::refresh_schedule::MIN_LIFETIME;
use crate::keys::remote::{RemoteKeys, RemoteSource};
use crate::keys::remote_state::MAX_STALENESS;
use crate::keys::shared::SharedKeys;
use crate::keys::source::KeySource;
use crate::policy::audience::Audience;
use crate::policy::claim_rule::ClaimRule;
use crate::policy::custom_rules::Rules;
use crate::policy::issuer_names::{IssuerNames, TenantTemplate};
use crate::policy::token_kind::TokenKind;
use crate::principal::claim_map::ClaimMap;
use crate::verified::clock_skew::MAX_LEEWAY;
use crate::verified::provenance::Provenance;
use crate::verified::token::VerifiedToken;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

const DEFAULT_LEEWAY: Duration = Duration::from_secs(30);

/// A trusted issuer: its name, its keys and the rules for its tokens.
///
/// Presets such as `Oidc` or `Cognito` make one; use it directly for a provider that has no preset.
///
/// # Example
///
/// ```
/// use countersign_core::{Algorithm, Audience, Issuer, IssuerKeys};
///
/// let issuer = Issuer::new("https://idp.example.com", IssuerKeys::jwks(r#"{"keys":[]}"#))
///     .audience(Audience::any_of(["https://api.example.com"]))
///     .algorithms([Algorithm::ES256]);
/// # let _ = issuer;
/// ```
#[derive(Clone, Debug)]
pub struct Issuer {
    names: IssuerNames,
    label: Option<Arc<str>>,
    keys: IssuerKeys,
    audience: Option<Audience>,
    kind: TokenKind,
    others: Vec<AcceptedToken>,
    claim_rules: Vec<ClaimRule>,
    algorithms: Algorithms,
    leeway: Duration,
    max_lifetime: Option<Duration>,
    max_key_age: Option<Duration>,
    claim_map: ClaimMap,
    rules: Rules,
}

/// The source of an issuer's keys.
#[derive(Clone)]
pub struct IssuerKeys(Origin);

impl fmt::Debug for IssuerKeys {
    /// Shows only the kind of source, since the text may contain a private key by mistake.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Origin::Jwks(_) => "IssuerKeys(JWK set)",
            Origin::Pem(_) => "IssuerKeys(PEM)",
            Origin::FetchJwks(_) => "IssuerKeys(fetched)",
            Origin::Shared(_) => "IssuerKeys(shared)",
            #[cfg(feature = "dangerous-unsigned")]
            Origin::Unsigned => "IssuerKeys(none)",
        })
    }
}

#[derive(Clone)]
enum Origin {
    Jwks(Box<[u8]>),
    Pem(Box<[u8]>),
    FetchJwks(Arc<dyn FetchJwks>),
    Shared(Arc<SharedKeys>),
    /// No keys: the tokens are not signed.
    #[cfg(feature = "dangerous-unsigned")]
    Unsigned,
}

impl IssuerKeys {
    /// A JWK set (RFC 7517) from the configuration, as text or, with the cargo feature `jsonwebtoken`, as a `JwkSet`.
    /// It is never fetched, so key rotation has no effect on it.
    pub fn jwks(set: impl Into<Jwks>) -> Self {
        Self(Origin::Jwks(set.into().0))
    }

    /// Public keys in PEM (`BEGIN PUBLIC KEY`), one for each algorithm. They have no `kid`, so they verify tokens with
    /// any `kid`.
    pub fn pem(text: impl AsRef<[u8]>) -> Self {
        Self(Origin::Pem(text.as_ref().into()))
    }

    /// Keys that are fetched and refreshed regularly.
    pub fn fetched(fetch: impl FetchJwks) -> Self {
        Self(Origin::FetchJwks(Arc::new(fetch)))
    }

    /// Makes a handle whose clones share one set of fetched keys. One task fetches the keys for all issuers that use a
    /// clone. A key that is removed from the set is removed for all of them. The task ends when the last of their
    /// verifiers is dropped. Without this call, each issuer of each verifier fetches its own keys. Keys from the
    /// configuration are not fetched, so the call does not change them.
    ///
    /// # Example
    ///
    /// Two verifiers of one issuer, for two different APIs:
    ///
    /// ```
    /// use countersign_core::{Audience, Issuer, IssuerKeys, Verifier};
    /// # async fn example(fetch: impl countersign_core::FetchJwks) -> Result<(), Box<dyn std::error::Error>> {
    /// let keys = IssuerKeys::fetched(fetch).shared();
    /// let issuer = |api| Issuer::new("https://idp.example.com", keys.clone()).audience(Audience::any_of([api]));
    /// let public = Verifier::builder().issuer(issuer("https://api.example.com")).build().await?;
    /// let internal = Verifier::builder().issuer(issuer("https://internal.example.com")).build().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Security
    ///
    /// Use a handle only for issuers whose tokens are signed with these keys. Names, audience, allow-list of
    /// algorithms, token cache and revocations are not shared. The keys are parsed for every algorithm that fits them,
    /// but each issuer accepts only the algorithms of its own list.
    ///
    /// All verifiers depend on the same source. If it fails, it fails for all of them. A flood of unknown keys at one
    /// verifier starts the cool-down for all. The smallest [`max_key_age`](Issuer::max_key_age) among them sets the
    /// interval of the refreshes.
    #[must_use]
    pub fn shared(self) -> Self {
        match self.0 {
            Origin::FetchJwks(fetch) => Self(Origin::Shared(Arc::new(SharedKeys::new(fetch)))),
            other => Self(other),
        }
    }
}

impl Issuer {
    /// Creates an issuer whose tokens have exactly this `iss`. An [`audience`](Self::audience) is also required.
    pub fn new(iss: impl Into<Arc<str>>, keys: IssuerKeys) -> Self {
        Self {
            names: IssuerNames::new(iss.into()),
            label: None,
            keys,
            audience: None,
            kind: TokenKind::default(),
            others: Vec::new(),
            claim_rules: Vec::new(),
            algorithms: Algorithms::default(),
            leeway: DEFAULT_LEEWAY,
            max_lifetime: None,
            max_key_age: None,
            claim_map: ClaimMap::default(),
            rules: Rules::default(),
        }
    }

    /// Adds another `iss` that tokens of this issuer may have. The keys are the same. The principal's issuer is always
    /// the first name, so one person is always one principal.
    #[must_use]
    pub fn also_named(mut self, iss: impl Into<Box<str>>) -> Self {
        self.names.add(iss.into());
        self
    }

    /// Makes each tenant a separate issuer. The issuer's names contain the placeholder, and a claim of each token
    /// repeats the tenant. A JWK with an `issuer` member verifies that tenant's tokens only. A JWK without one
    /// verifies none.
    ///
    /// # Example
    ///
    /// ```
    /// use countersign_core::{Audience, Issuer, IssuerKeys, TenantTemplate};
    ///
    /// let entra = Issuer::new("https://login.microsoftonline.com/{tenantid}/v2.0", IssuerKeys::jwks(r#"{"keys":[]}"#))
    ///     .for_tenants(TenantTemplate { placeholder: "{tenantid}", claim: "tid" }, ["11111111-2222-3333-4444-555555555555"])
    ///     .audience(Audience::any_of(["api://reports"]));
    /// # let _ = entra;
    /// ```
    #[must_use]
    pub fn for_tenants<T: Into<Box<str>>>(
        mut self,
        template: TenantTemplate,
        allowed: impl IntoIterator<Item = T>,
    ) -> Self {
        self.names.for_tenants(template, Some(allowed.into_iter().map(Into::into).collect()));
        self
    }

    /// Accepts every tenant; see [`for_tenants`](Self::for_tenants).
    ///
    /// # Security
    ///
    /// Anyone can create a tenant. Check [`Principal::tenant`](crate::Principal::tenant) before you grant access.
    #[must_use]
    pub fn for_any_tenant(mut self, template: TenantTemplate) -> Self {
        self.names.for_tenants(template, None);
        self
    }

    /// Restricts each JWK with an `issuer` member to tokens of that issuer. The member may contain the template's
    /// placeholder, which is replaced with the tenant from the template's claim. Use it for key sets that several
    /// issuers share, such as Entra ID's.
    #[must_use]
    pub fn keys_by_issuer(mut self, template: TenantTemplate) -> Self {
        self.names.own_keys(template);
        self
    }

    /// Sets a short name such as `staff`. [`Principal::issuer_name`](crate::Principal::issuer_name) returns it.
    #[must_use]
    pub fn named(mut self, name: impl Into<Arc<str>>) -> Self {
        self.label = Some(name.into());
        self
    }

    /// Sets the audience rule of the tokens.
    #[must_use]
    pub fn audience(mut self, audience: Audience) -> Self {
        self.audience = Some(audience);
        self
    }

    /// Sets the kind of token that is accepted. The default is access tokens.
    #[must_use]
    pub fn kind(mut self, kind: TokenKind) -> Self {
        self.kind = kind;
        self
    }

    /// Also accepts tokens of another kind, with a separate audience rule.
    ///
    /// # Security
    ///
    /// Each additional kind is one more that can be confused with another. Prefer a single kind. Otherwise give each
    /// kind a [rule](TokenKind::require) that only its tokens meet.
    #[must_use]
    pub fn or(mut self, kind: TokenKind, audience: Audience) -> Self {
        self.others.push(AcceptedToken { kind, audience });
        self
    }

    /// Adds a rule that each token must meet.
    #[must_use]
    pub fn rule(mut self, rule: ClaimRule) -> Self {
        self.claim_rules.push(rule);
        self
    }

    /// Sets the accepted algorithms. The default is RS256, ES256 and EdDSA.
    #[must_use]
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = algorithms.into_iter().collect();
        self
    }

    /// Sets the tolerated difference between the clocks of issuer and verifier. The default is 30 seconds, the maximum
    /// ten minutes.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Sets the maximum lifetime of a token, from `iat` to `exp`. There is no maximum by default. For a token without
    /// `iat`, the time from now to `exp` is limited instead, and the leeway is added. Tokens with a longer lifetime
    /// are refused with [`LivesTooLong`](crate::TokenError::LivesTooLong).
    ///
    /// # Example
    ///
    /// ```
    /// # use countersign_core::Issuer;
    /// # use std::time::Duration;
    /// fn at_most_a_day(issuer: Issuer) -> Issuer {
    ///     issuer.max_lifetime(Duration::from_secs(24 * 60 * 60))
    /// }
    /// ```
    ///
    /// # Security
    ///
    /// A stolen token works until it expires. Check the token lifetime at your provider before you set a maximum. Some
    /// providers issue tokens for a month or longer, and all of those are refused once this is set. The age of a token
    /// without `iat` is unknown. Such a token is accepted as soon as its remaining time is below the maximum.
    #[must_use]
    pub fn max_lifetime(mut self, lifetime: Duration) -> Self {
        self.max_lifetime = Some(lifetime);
        self
    }

    /// Sets the maximum age of fetched keys since the issuer last confirmed them. It is between one minute and 24
    /// hours, and 24 hours by default. The keys are refreshed well before that age, even if the issuer's response may
    /// be cached for longer.
    ///
    /// # Example
    ///
    /// ```
    /// # use countersign_core::Issuer;
    /// # use std::time::Duration;
    /// fn a_removed_key_is_gone_within_an_hour(issuer: Issuer) -> Issuer {
    ///     issuer.max_key_age(Duration::from_secs(60 * 60))
    /// }
    /// ```
    ///
    /// # Security
    ///
    /// This limits the time in which a key still verifies after the issuer has removed it. It also limits the outage
    /// of the issuer that the API survives. After that time every token of this issuer is answered with 503 until keys
    /// can be fetched again. One hour is a good start. In an incident, call
    /// [`refresh_keys_now`](crate::Verifier::refresh_keys_now).
    #[must_use]
    pub fn max_key_age(mut self, age: Duration) -> Self {
        self.max_key_age = Some(age);
        self
    }

    /// Sets the claims that contain the parts of the principal, such as scopes and groups.
    #[must_use]
    pub fn claim_map(mut self, claim_map: ClaimMap) -> Self {
        self.claim_map = claim_map;
        self
    }

    /// Adds a custom rule for tokens of this issuer. It runs after every rule of the pipeline. A refusal is answered
    /// with 401. Its code appears in logs only and is never sent to a client.
    ///
    /// # Example
    ///
    /// ```
    /// # use countersign_core::Issuer;
    /// #[derive(serde::Deserialize)]
    /// struct Staff { department: String }
    ///
    /// fn only_sales(issuer: Issuer) -> Issuer {
    ///     issuer.validate(|token| match &*token.claims::<Staff>()?.department {
    ///         "sales" => Ok(()),
    ///         _ => Err("other_department".into()),
    ///     })
    /// }
    /// ```
    ///
    /// # Security
    ///
    /// The rule runs when a token is verified. It does not run again while the token is
    /// [cached](crate::VerifierBuilder::cache_lifetime), which is up to five minutes by default. So the rule should
    /// depend on the token only. Use a [`Revocation`](crate::Revocation) for facts that may change meanwhile, since it
    /// runs for each request. Use an [`EntitlementsProvider`](crate::EntitlementsProvider) for grants that may change.
    #[must_use]
    pub fn validate(mut self, rule: impl Fn(&VerifiedToken) -> Result<(), TokenError> + Send + Sync + 'static) -> Self {
        self.rules = self.rules.and(rule);
        self
    }

    /// Adds an asynchronous custom rule. For instance, it may query a database for locked accounts. It runs after all
    /// other rules and times out after 2 seconds. After a timeout, and for [`VerifyError::Unavailable`], the answer is
    /// 503. [`Verifier::verify_now`](crate::Verifier::verify_now) cannot decide about a token that is not cached yet.
    ///
    /// # Example
    ///
    /// ```
    /// # use countersign_core::Issuer;
    /// # struct Accounts;
    /// # impl Accounts { async fn is_locked(&self, _: &str) -> Result<bool, std::io::Error> { Ok(false) } }
    /// use countersign_core::{Dependency, Unavailable};
    /// use std::{sync::Arc, time::Duration};
    ///
    /// fn unlocked(issuer: Issuer, accounts: Arc<Accounts>) -> Issuer {
    ///     issuer.validate_async(move |token| {
    ///         let accounts = accounts.clone();
    ///         async move {
    ///             match accounts.is_locked(token.principal().subject()).await {
    ///                 Ok(false) => Ok(()),
    ///                 Ok(true) => Err("account_locked".into()),
    ///                 Err(_) => {
    ///                     let retry_after = Duration::from_secs(5);
    ///                     Err(Unavailable::new(Dependency::Rule, retry_after).into())
    ///                 }
    ///             }
    ///         }
    ///     })
    /// }
    /// ```
    ///
    /// # Security
    ///
    /// The rule does not run for a cached token, as described at [`validate`](Self::validate). So a token in the cache
    /// is still accepted after its account was locked.
    ///
    /// Refusals are not cached. The rule runs again for each request with a refused token, and for each of several
    /// simultaneous requests with a new token. A caller with one valid token can therefore run the rule as often as it
    /// likes, so limit the cost of the rule.
    #[must_use]
    pub fn validate_async<F, A>(mut self, rule: F) -> Self
    where
        F: Fn(VerifiedToken) -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), VerifyError>> + Send + 'static,
    {
        self.rules = self.rules.and_async(rule);
        self
    }

    /// Replaces the custom rules.
    #[must_use]
    pub fn rules(mut self, rules: Rules) -> Self {
        self.rules = rules;
        self
    }

    /// Accepts unsigned tokens. Only
    /// [`DangerousIssuer::accept_unsigned_tokens`](crate::DangerousIssuer::accept_unsigned_tokens) calls this.
    #[cfg(feature = "dangerous-unsigned")]
    pub(crate) fn unsigned(mut self) -> Self {
        self.keys = IssuerKeys(Origin::Unsigned);
        self
    }

    /// Checks the configuration and starts the source of the keys.
    pub(crate) fn start(self) -> Result<TrustedIssuer, ConfigError> {
        let iss = Arc::clone(self.names.first());
        let name = || iss.to_string();
        if let Some(problem) = self.names.problem() {
            return Err(ConfigError::InvalidIssuer { issuer: name(), problem });
        }
        let first = self.audience.map(|audience| AcceptedToken { kind: self.kind, audience });
        let accepted: Vec<AcceptedToken> = first.into_iter().chain(self.others).collect();
        if accepted.is_empty() || accepted.iter().any(|form| form.audience.is_empty()) {
            return Err(ConfigError::NoAudience(name()));
        }
        if self.algorithms.is_empty() {
            return Err(ConfigError::NoAlgorithm(name()));
        }
        if self.leeway > MAX_LEEWAY {
            return Err(ConfigError::LeewayTooLong(self.leeway));
        }
        let invalid = |setting, problem| Err(ConfigError::InvalidSetting { issuer: name(), setting, problem });
        if self.max_lifetime.is_some_and(|lifetime| lifetime.is_zero()) {
            return invalid("max_lifetime", "of zero refuses every token: set the longest lifetime that you accept");
        }
        match self.max_key_age {
            Some(_) if matches!(self.keys.0, Origin::Jwks(_) | Origin::Pem(_)) => {
                return invalid(
                    "max_key_age",
                    "applies only to fetched keys: remove it for keys from the configuration",
                );
            }
            Some(age) if !(MIN_LIFETIME..=MAX_STALENESS).contains(&age) => {
                return invalid("max_key_age", "is out of range: use one minute to 24 hours");
            }
            _ => {}
        }
        let max_key_age = self.max_key_age.unwrap_or(MAX_STALENESS);
        #[cfg(feature = "dangerous-unsigned")]
        let accepts_unsigned = matches!(self.keys.0, Origin::Unsigned);
        let keys = match self.keys.0 {
            Origin::Jwks(text) => static_keys(name, KeySet::from_jwks(text, self.algorithms)?, self.algorithms)?,
            Origin::Pem(text) => static_keys(name, KeySet::from_pem(text, self.algorithms)?, self.algorithms)?,
            #[cfg(feature = "dangerous-unsigned")]
            Origin::Unsigned => {
                tracing::warn!(
                    target: "countersign::danger", issuer = name(),
                    "UNSIGNED TOKENS ARE ACCEPTED: any caller can pretend to be any user; never deploy this"
                );
                KeySource::Static(Arc::default())
            }
            Origin::FetchJwks(fetch) => {
                let source = RemoteSource::spawn(Arc::clone(&iss), self.algorithms, fetch);
                KeySource::Remote(RemoteKeys::new(source, max_key_age))
            }
            Origin::Shared(shared) => KeySource::Remote(shared.keys(&iss, max_key_age)),
        };
        let policy = Policy {
            label: self.label.unwrap_or_else(|| Arc::clone(&iss)),
            iss,
            names: self.names,
            accepted,
            claim_rules: self.claim_rules,
            algorithms: self.algorithms,
            leeway: self.leeway,
            max_lifetime: self.max_lifetime,
            claim_map: self.claim_map,
            rules: self.rules,
        };
        Ok(TrustedIssuer {
            policy,
            keys,
            #[cfg(feature = "dangerous-unsigned")]
            accepts_unsigned,
            provenance: Arc::default(),
        })
    }
}

fn static_keys(issuer: impl Fn() -> String, keys: KeySet, allowed: Algorithms) -> Result<KeySource, ConfigError> {
    if keys.is_empty() {
        let skipped: Vec<String> = keys.skipped().iter().map(ToString::to_string).collect();
        return Err(ConfigError::NoUsableKey { issuer: issuer(), allowed, skipped: skipped.join(", ") });
    }
    if keys.is_ambiguous() {
        return Err(ConfigError::AmbiguousKeys(issuer()));
    }
    for skipped in keys.skipped() {
        tracing::warn!(target: "countersign::keys", issuer = issuer(), "{skipped}");
    }
    Ok(KeySource::Static(Arc::new(keys)))
}

/// An issuer whose configuration was checked.
#[derive(Debug)]
pub(crate) struct TrustedIssuer {
    pub(crate) policy: Policy,
    pub(crate) keys: KeySource,
    #[cfg(feature = "dangerous-unsigned")]
    pub(crate) accepts_unsigned: bool,
    /// The part that all its tokens share. It is set when the verifier is built.
    pub(crate) provenance: Arc<Provenance>,
}

/// The rules for the tokens of one issuer.
#[derive(Debug)]
pub(crate) struct Policy {
    /// The first of its names, for logs and errors.
    pub(crate) iss: Arc<str>,
    pub(crate) label: Arc<str>,
    pub(crate) names: IssuerNames,
    /// At least one.
    pub(crate) accepted: Vec<AcceptedToken>,
    pub(crate) claim_rules: Vec<ClaimRule>,
    pub(crate) algorithms: Algorithms,
    pub(crate) leeway: Duration,
    pub(crate) max_lifetime: Option<Duration>,
    pub(crate) claim_map: ClaimMap,
    pub(crate) rules: Rules,
}

/// An accepted kind of token, and the audience rule of this kind.
#[derive(Clone, Debug)]
pub(crate) struct AcceptedToken {
    pub(crate) kind: TokenKind,
    pub(crate) audience: Audience,
}

/// An argument of [`VerifierBuilder::issuer`](crate::VerifierBuilder::issuer): an [`Issuer`] or a preset that makes
/// one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an issuer",
    note = "pass a preset such as `Oidc::issuer(url).audience(api)`, or an `Issuer`"
)]
pub trait IntoIssuer {
    /// Makes the issuer.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for an argument that cannot be a value from the provider.
    fn into_issuer(self) -> Result<Issuer, ConfigError>;
}

impl IntoIssuer for Issuer {
    fn into_issuer(self) -> Result<Issuer, ConfigError> {
        Ok(self)
    }
}
