//! The settings that all presets share.

use crate::preset::key_settings::KeySettings;
use crate::preset::profile::Accepted;
use crate::preset::recipients::Recipients;
use crate::preset::traits::{IssuesBothKinds, Preset};
#[cfg(doc)]
use countersign_core::Issuer;
use countersign_core::{Algorithm, Algorithms, ClaimMap, ClaimRule, Rules, TokenError, VerifiedToken, VerifyError};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A provider under configuration: the preset `P`, and the settings that all presets share.
///
/// # Example
///
/// ```
/// use countersign_providers::Oidc;
/// use std::time::Duration;
///
/// let provider = Oidc::issuer("https://idp.example.com")
///     .audience("https://api.example.com")
///     .leeway(Duration::from_secs(5));
/// # let _ = provider;
/// ```
#[derive(Clone)]
#[must_use = "a provider is configuration: pass it to `Verifier::builder().issuer(..)`"]
pub struct Provider<P> {
    pub(crate) preset: P,
    pub(crate) recipients: Recipients,
    pub(crate) accepted: Accepted,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) claim_rules: Vec<ClaimRule>,
    pub(crate) algorithms: Option<Algorithms>,
    pub(crate) leeway: Option<Duration>,
    pub(crate) max_lifetime: Option<Duration>,
    pub(crate) max_key_age: Option<Duration>,
    pub(crate) claim_map: Option<ClaimMap>,
    pub(crate) rules: Rules,
    pub(crate) keys: KeySettings,
}

impl<P: fmt::Debug> fmt::Debug for Provider<P> {
    /// Shows the preset, its recipients and its name. HTTP clients print their default headers, and URLs and rules may
    /// hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("preset", &self.preset)
            .field("recipients", &self.recipients)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl<P> Provider<P> {
    pub(crate) fn new(preset: P) -> Self {
        Self {
            preset,
            recipients: Recipients::default(),
            accepted: Accepted::Usual,
            name: None,
            claim_rules: Vec::new(),
            algorithms: None,
            leeway: None,
            max_lifetime: None,
            max_key_age: None,
            claim_map: None,
            rules: Rules::default(),
            keys: KeySettings::default(),
        }
    }

    /// Sets a short name for people and programs, such as `staff`, which
    /// [`Principal::issuer_name`](countersign_core::Principal::issuer_name) gives.
    pub fn named(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Requires something more of each token.
    ///
    /// # Example
    ///
    /// ```
    /// use countersign_core::ClaimRule;
    /// use countersign_providers::Oidc;
    ///
    /// let strong = Oidc::issuer("https://idp.example.com")
    ///     .audience("https://api.example.com")
    ///     .rule(ClaimRule::one_of("acr", ["urn:example:gold"]));
    /// # let _ = strong;
    /// ```
    pub fn rule(mut self, rule: ClaimRule) -> Self {
        self.claim_rules.push(rule);
        self
    }

    /// Replaces the preset's signature algorithms. No others are accepted.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// Sets the allowed difference between the clocks of issuer and verifier. The default is 30 seconds, the maximum
    /// ten minutes.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = Some(leeway);
        self
    }

    /// Sets the maximum time from `iat` to `exp`. There is no limit by default. See [`Issuer::max_lifetime`], above all
    /// for tokens without `iat`.
    ///
    /// # Example
    ///
    /// ```
    /// use countersign_providers::Oidc;
    /// use std::time::Duration;
    ///
    /// let provider = Oidc::issuer("https://idp.example.com")
    ///     .audience("https://api.example.com")
    ///     .max_lifetime(Duration::from_secs(24 * 60 * 60));
    /// # let _ = provider;
    /// ```
    ///
    /// # Security
    ///
    /// A stolen token can be used until it expires. Look up the lifetime that the provider is configured for before you
    /// choose a limit: some providers issue tokens for a month or more on purpose.
    pub fn max_lifetime(mut self, lifetime: Duration) -> Self {
        self.max_lifetime = Some(lifetime);
        self
    }

    /// Sets the maximum time for which fetched keys are used without confirmation by the provider: between one minute
    /// and 24 hours, 24 hours by default. See [`Issuer::max_key_age`].
    ///
    /// # Security
    ///
    /// This limits the time for which a removed key is still accepted, and the time for which the API survives an
    /// outage of the provider.
    pub fn max_key_age(mut self, age: Duration) -> Self {
        self.max_key_age = Some(age);
        self
    }

    /// Replaces the preset's map of the claims that hold scopes, groups and the like.
    pub fn claim_map(mut self, claim_map: ClaimMap) -> Self {
        self.claim_map = Some(claim_map);
        self
    }

    /// Adds your own rule, which is checked after all other rules. See [`Issuer::validate`], above all for the cases in
    /// which the rule is not called.
    ///
    /// # Example
    ///
    /// ```
    /// use countersign_providers::Oidc;
    ///
    /// let provider = Oidc::issuer("https://idp.example.com")
    ///     .audience("https://api.example.com")
    ///     .validate(|token| if token.principal().is_machine() { Err("no_machines".into()) } else { Ok(()) });
    /// # let _ = provider;
    /// ```
    pub fn validate(mut self, rule: impl Fn(&VerifiedToken) -> Result<(), TokenError> + Send + Sync + 'static) -> Self {
        self.rules = self.rules.and(rule);
        self
    }

    /// Adds your own rule like [`validate`](Self::validate), but one that has to wait. See [`Issuer::validate_async`].
    pub fn validate_async<F, A>(mut self, rule: F) -> Self
    where
        F: Fn(VerifiedToken) -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), VerifyError>> + Send + 'static,
    {
        self.rules = self.rules.and_async(rule);
        self
    }
}

impl<P: Preset> Provider<P> {
    pub(crate) fn accept(mut self, accepted: Accepted) -> Self {
        self.accepted = accepted;
        self
    }
}

impl<P: IssuesBothKinds> Provider<P> {
    /// Accepts ID tokens instead of access tokens. Name the client that they are issued to.
    ///
    /// # Security
    ///
    /// An ID token tells a client who has logged in. It is not made to open an API, and it carries no scopes. Prefer
    /// access tokens if you can have them.
    pub fn id_tokens(self) -> Self {
        self.accept(Accepted::Id)
    }

    /// Accepts access tokens and ID tokens. Each kind keeps its own required claims and its own audience.
    ///
    /// # Security
    ///
    /// See [`id_tokens`](Self::id_tokens). Claims that only access tokens carry, such as scopes, are then missing in
    /// some tokens.
    pub fn access_or_id_tokens(self) -> Self {
        self.accept(Accepted::Either)
    }
}
