//! What all presets share: the settings that any provider may need, and the way to an [`Issuer`].

use crate::http::address::AddressFilter;
use crate::http::documents::Http;
use crate::http::fetch::{HttpFetch, KeyLocation};
use crate::http::url_policy::parse_url;
use crate::preset::docs::PresetDocs;
use crate::preset::environment::Environment;
use crate::preset::profile::{Accepted, Profile};
use countersign_core::{
    Algorithm, Algorithms, ClaimMap, ClaimRule, ConfigError, IntoIssuer, Issuer, IssuerKeys, Rules, TokenError,
    VerifiedToken, VerifyError,
};
use reqwest::Client;
use serde::de::DeserializeOwned;
use std::fmt;
use std::net::IpAddr;
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
    accepted: Accepted,
    name: Option<Arc<str>>,
    claim_rules: Vec<ClaimRule>,
    algorithms: Option<Algorithms>,
    leeway: Option<Duration>,
    max_lifetime: Option<Duration>,
    max_key_age: Option<Duration>,
    claim_map: Option<ClaimMap>,
    rules: Rules,
    keys: Keys,
    addresses: AddressFilter,
    http_client: Option<Client>,
    emulator: Option<String>,
}

impl<P: fmt::Debug> fmt::Debug for Provider<P> {
    /// The preset and its name: an HTTP client prints its default headers, and URLs and rules may hold a secret, too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("preset", &self.preset).field("name", &self.name).finish_non_exhaustive()
    }
}

#[derive(Clone)]
enum Keys {
    /// Where the preset says.
    Preset,
    Url(String),
    Given(IssuerKeys),
}

/// A provider that Countersign knows. Sealed: for another one use [`Oidc`](crate::Oidc), or an [`Issuer`] of your own.
pub trait Preset: sealed::Sealed + Sized {
    /// The claims of its tokens, to use or to flatten into a type of your own.
    type Claims: DeserializeOwned + Send + Sync + 'static;

    /// What the reference says of it.
    const PAGE: PresetDocs;

    /// What its tokens are like.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for an argument that the provider cannot have given out.
    fn profile(self) -> Result<Profile, ConfigError>;

    /// One of its kind, for the reference and for tests of every preset.
    fn example() -> Provider<Self>;

    /// What `from_env` does, with variables from wherever: those of [`PAGE`](Self::PAGE), and no others.
    ///
    /// # Errors
    ///
    /// [`ConfigError::MissingVariable`].
    fn from_environment(environment: &Environment<'_>) -> Result<Provider<Self>, ConfigError>;
}

/// A provider whose access tokens and ID tokens can both be verified.
pub trait IssuesBothKinds: Preset {}

pub(crate) mod sealed {
    pub trait Sealed {}
}

impl<P> Provider<P> {
    pub(crate) fn new(preset: P) -> Self {
        Self {
            preset,
            accepted: Accepted::Usual,
            name: None,
            claim_rules: Vec::new(),
            algorithms: None,
            leeway: None,
            max_lifetime: None,
            max_key_age: None,
            claim_map: None,
            rules: Rules::default(),
            keys: Keys::Preset,
            addresses: AddressFilter::public(),
            http_client: None,
            emulator: None,
        }
    }

    /// A short name for people and programs, such as `staff`: what
    /// [`Principal::issuer_name`](countersign_core::Principal::issuer_name) gives.
    pub fn named(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Demands something more of each token.
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

    /// The only signature algorithms that are accepted, in place of the preset's.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// How far the clocks of issuer and verifier may differ: 30 seconds unless set, ten minutes at the most.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = Some(leeway);
        self
    }

    /// The longest that a token may live, from `iat` to `exp`; any time unless set. See [`Issuer::max_lifetime`], above all for
    /// tokens without `iat`.
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
    /// A stolen token is good until it expires. Look up what the provider is set to before you choose a number: some issue
    /// tokens for a month or more on purpose.
    pub fn max_lifetime(mut self, lifetime: Duration) -> Self {
        self.max_lifetime = Some(lifetime);
        self
    }

    /// The longest that fetched keys are believed without being confirmed by the provider: between one minute and 24 hours,
    /// 24 hours unless set. See [`Issuer::max_key_age`].
    ///
    /// # Security
    ///
    /// It bounds how long a removed key is believed, and how long the API outlives an outage of the provider.
    pub fn max_key_age(mut self, age: Duration) -> Self {
        self.max_key_age = Some(age);
        self
    }

    /// Where the tokens keep scopes, groups and the like, in place of the preset's map.
    pub fn claim_map(mut self, claim_map: ClaimMap) -> Self {
        self.claim_map = Some(claim_map);
        self
    }

    /// Adds a rule of your own, asked when every other rule is met; see [`Issuer::validate`], above all for when it is not
    /// asked.
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

    /// As [`validate`](Self::validate), for a rule that has to wait; see [`Issuer::validate_async`].
    pub fn validate_async<F, A>(mut self, rule: F) -> Self
    where
        F: Fn(VerifiedToken) -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), VerifyError>> + Send + 'static,
    {
        self.rules = self.rules.and_async(rule);
        self
    }

    /// Fetches the keys from this URL, without discovery.
    pub fn jwks_url(mut self, url: impl Into<String>) -> Self {
        self.keys = Keys::Url(url.into());
        self
    }

    /// Uses this JWK set and no network. No rotation is followed.
    pub fn jwks(mut self, text: impl AsRef<[u8]>) -> Self {
        self.keys = Keys::Given(IssuerKeys::jwks(text));
        self
    }

    /// Uses these public keys (`BEGIN PUBLIC KEY`) and no network. No rotation is followed.
    pub fn pem(mut self, text: impl AsRef<[u8]>) -> Self {
        self.keys = Keys::Given(IssuerKeys::pem(text));
        self
    }

    /// Uses these keys in place of those that the provider's settings lead to: a handle that several verifiers share, from
    /// [`shared_keys`](Self::shared_keys) or [`IssuerKeys::shared`], or keys from a [`FetchJwks`](countersign_core::FetchJwks) of
    /// your own.
    ///
    /// # Security
    ///
    /// Whatever these keys sign in the provider's name is believed. The settings of addresses and HTTP client are not used: a
    /// handle has those that it was made with.
    pub fn keys(mut self, keys: IssuerKeys) -> Self {
        self.keys = Keys::Given(keys);
        self
    }

    /// Fetches keys from these addresses, too. Without it a provider is reached only at public addresses, or on loopback
    /// where its URL says so: neither its discovery document nor a name that leads astray reaches the inner network
    /// (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, fc00::/7 and their like) or a cloud's metadata service (169.254.169.254).
    ///
    /// # Example
    ///
    /// A provider of one's own on the inner network:
    ///
    /// ```
    /// use countersign_providers::Oidc;
    /// use std::net::IpAddr;
    ///
    /// let provider = Oidc::issuer("https://keycloak.internal.example/realms/main")
    ///     .audience("https://api.example.com")
    ///     .allow_addresses(|address| matches!(address, IpAddr::V4(v4) if v4.octets()[..2] == [10, 1]));
    /// # let _ = provider;
    /// ```
    ///
    /// # Security
    ///
    /// Allow as little as you need: whoever controls the provider or the name of its host can then have requests sent there.
    pub fn allow_addresses(mut self, allowed: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        self.addresses = AddressFilter::and(allowed);
        self
    }

    /// Fetches with this client: for a proxy, or for root certificates of one's own.
    ///
    /// # Security
    ///
    /// The client's own rules count then, and it resolves names as it likes: addresses are looked at only where a URL holds
    /// one in place of a name. Let it follow no redirect (`redirect::Policy::none()`), since an answer that
    /// comes by one is refused, but the request was made.
    pub fn http_client(mut self, client: Client) -> Self {
        self.http_client = Some(client);
        self
    }
}

impl<P: IssuesBothKinds> Provider<P> {
    /// Accepts ID tokens, in place of access tokens. Name the client that they are issued to.
    ///
    /// # Security
    ///
    /// An ID token tells a client who has logged in; it was not made to open an API, and carries no scopes. Prefer access
    /// tokens where you can have them.
    pub fn id_tokens(self) -> Self {
        self.accept(Accepted::Id)
    }

    /// Accepts access tokens and ID tokens. Each kind keeps its own marks and its own audience.
    ///
    /// # Security
    ///
    /// As [`id_tokens`](Self::id_tokens); and what only access tokens carry, such as scopes, is then missing at times.
    pub fn access_or_id_tokens(self) -> Self {
        self.accept(Accepted::Either)
    }
}

impl<P: Preset> Provider<P> {
    /// The preset's data under the settings that were made, for the reference.
    #[doc(hidden)]
    pub fn describe(self) -> Result<Description, ConfigError> {
        Ok(Description { accepted: self.accepted, profile: self.preset.profile()? })
    }

    pub(crate) fn accept(mut self, accepted: Accepted) -> Self {
        self.accepted = accepted;
        self
    }

    pub(crate) fn from_env() -> Result<Self, ConfigError> {
        P::from_environment(&Environment::new(&|name| std::env::var(name).ok()))
    }
}

/// What [`Provider::danger`] gives: the settings that weaken a provider.
#[derive(Clone, Debug)]
#[must_use = "nothing is weakened yet"]
pub struct DangerousProvider<P>(pub(crate) Provider<P>);

impl<P> DangerousProvider<P> {
    pub(crate) fn emulated_by(mut self, emulator: String) -> Provider<P> {
        self.0.emulator = Some(emulator);
        self.0
    }
}

/// A preset's data, and the kinds of token that it is set to accept.
#[doc(hidden)]
#[derive(Debug)]
pub struct Description {
    pub(crate) accepted: Accepted,
    pub(crate) profile: Profile,
}

impl<P> Provider<P> {
    pub(crate) fn http(&self) -> Result<Http, ConfigError> {
        Http::new(self.http_client.clone(), self.addresses.clone())
    }
}

impl<P: Preset> Provider<P> {
    /// Makes a handle of the provider's keys, fetched as its settings say, for several verifiers: see [`IssuerKeys::shared`].
    /// Nothing is fetched before the first of them is built.
    ///
    /// # Example
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use countersign_core::Verifier;
    /// use countersign_providers::Oidc;
    ///
    /// let provider = || Oidc::issuer("https://idp.example.com");
    /// let keys = provider().shared_keys()?;
    /// let api = |audience| provider().audience(audience).keys(keys.clone());
    /// let public = Verifier::builder().issuer(api("https://api.example.com")).build().await?;
    /// let internal = Verifier::builder().issuer(api("https://internal.example.com")).build().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for an argument that the provider cannot have given out, as where a verifier is built with it.
    pub fn shared_keys(self) -> Result<IssuerKeys, ConfigError> {
        let location = self.preset.profile()?.keys;
        Ok(issuer_keys(self.keys, location, self.http_client, self.addresses)?.shared())
    }
}

/// The keys that a provider's settings lead to, at the preset's `location` unless they say otherwise.
fn issuer_keys(
    keys: Keys,
    location: KeyLocation,
    client: Option<Client>,
    addresses: AddressFilter,
) -> Result<IssuerKeys, ConfigError> {
    let keys = match keys {
        Keys::Given(keys) => return Ok(keys),
        Keys::Preset => location,
        Keys::Url(url) => {
            KeyLocation::At(parse_url(&url).map_err(|problem| ConfigError::InvalidIssuer { issuer: url, problem })?)
        }
    };
    Ok(IssuerKeys::fetched(HttpFetch { http: Http::new(client, addresses)?, keys }))
}

impl<P: Preset> IntoIssuer for Provider<P> {
    fn into_issuer(self) -> Result<Issuer, ConfigError> {
        let profile = self.preset.profile()?;
        let keys = issuer_keys(self.keys, profile.keys.clone(), self.http_client, self.addresses)?;
        let issuer = profile.issuer(self.accepted, keys).rules(self.rules);
        let mut issuer = self.claim_rules.into_iter().fold(issuer, Issuer::rule);
        if let Some(algorithms) = self.algorithms {
            issuer = issuer.algorithms(algorithms.iter());
        }
        if let Some(claim_map) = self.claim_map {
            issuer = issuer.claim_map(claim_map);
        }
        if let Some(name) = self.name {
            issuer = issuer.named(name);
        }
        if let Some(leeway) = self.leeway {
            issuer = issuer.leeway(leeway);
        }
        if let Some(lifetime) = self.max_lifetime {
            issuer = issuer.max_lifetime(lifetime);
        }
        if let Some(age) = self.max_key_age {
            issuer = issuer.max_key_age(age);
        }
        match self.emulator {
            None => Ok(issuer),
            Some(emulator) => issuer.danger().accept_unsigned_tokens(&emulator),
        }
    }
}
