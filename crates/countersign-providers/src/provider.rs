//! What all presets share: the settings that any provider may need, and the way to an [`Issuer`].

use crate::address::AddressFilter;
use crate::fetch::{HttpFetch, KeyLocation};
use crate::http::Http;
use crate::transport::parse_url;
use countersign_core::{
    Algorithm, Algorithms, Audience, ClaimMap, ConfigError, IntoIssuer, Issuer, IssuerKeys, Rules, TokenError,
    TokenKind, VerifiedToken, VerifyError,
};
use reqwest::Client;
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
#[derive(Clone, Debug)]
#[must_use = "a provider is configuration: pass it to `Verifier::builder().issuer(..)`"]
pub struct Provider<P> {
    pub(crate) preset: P,
    algorithms: Option<Algorithms>,
    leeway: Option<Duration>,
    claim_map: Option<ClaimMap>,
    rules: Rules,
    keys: Keys,
    addresses: AddressFilter,
    http_client: Option<Client>,
}

#[derive(Clone, Debug)]
enum Keys {
    /// Where the preset says.
    Preset,
    Url(String),
    Given(IssuerKeys),
}

/// What a preset knows about its provider.
#[derive(Clone, Debug)]
pub struct Profile {
    pub(crate) iss: Arc<str>,
    pub(crate) keys: KeyLocation,
    pub(crate) audience: Audience,
    pub(crate) kind: TokenKind,
    pub(crate) algorithms: Algorithms,
    pub(crate) claim_map: ClaimMap,
}

/// A provider that Countersign knows. Sealed: for another one use [`Oidc`](crate::Oidc), or an [`Issuer`] of your own.
pub trait Preset: sealed::Sealed {
    /// What its tokens are like.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for an argument that the provider cannot have given out.
    fn profile(self) -> Result<Profile, ConfigError>;
}

pub(crate) mod sealed {
    pub trait Sealed {}
}

impl<P> Provider<P> {
    pub(crate) fn new(preset: P) -> Self {
        Self {
            preset,
            algorithms: None,
            leeway: None,
            claim_map: None,
            rules: Rules::default(),
            keys: Keys::Preset,
            addresses: AddressFilter::public(),
            http_client: None,
        }
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

impl<P> Provider<P> {
    pub(crate) fn http(&self) -> Result<Http, ConfigError> {
        Http::new(self.http_client.clone(), self.addresses.clone())
    }
}

impl<P: Preset> IntoIssuer for Provider<P> {
    fn into_issuer(self) -> Result<Issuer, ConfigError> {
        let profile = self.preset.profile()?;
        let location = match self.keys {
            Keys::Preset => Ok(profile.keys),
            Keys::Url(url) => Ok(KeyLocation::At(
                parse_url(&url).map_err(|problem| ConfigError::InvalidIssuer { issuer: url, problem })?,
            )),
            Keys::Given(keys) => Err(keys),
        };
        let keys = match location {
            Ok(keys) => {
                let http = Http::new(self.http_client, self.addresses)?;
                IssuerKeys::fetched(HttpFetch { http, keys })
            }
            Err(given) => given,
        };
        let mut issuer = Issuer::new(profile.iss, keys)
            .audience(profile.audience)
            .kind(profile.kind)
            .algorithms(self.algorithms.unwrap_or(profile.algorithms).iter())
            .claim_map(self.claim_map.unwrap_or(profile.claim_map))
            .rules(self.rules);
        if let Some(leeway) = self.leeway {
            issuer = issuer.leeway(leeway);
        }
        Ok(issuer)
    }
}
