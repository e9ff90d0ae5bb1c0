//! The environment of a case: issuers, keys, an attacker's server, and a fixed clock.

use crate::case::{Case, Jwk, KeyDelivery, Policy};
use crate::identity_provider::IdentityProvider;
use crate::keyring::{Keyring, Signer};
use crate::token;
use countersign::keys::Algorithm;
use countersign::policy::TokenKind;
use countersign::providers::{Oidc, Provider};
use countersign::{ConfigError, Source, Verifier};
use countersign_core::{Algorithms, ManualClock};
use countersign_tests::Journal;
use std::sync::Arc;
use std::time::Duration;

/// The current time of the verifier, 2027-01-15T08:00:00Z.
const NOW: u64 = 1_800_000_000;
pub(crate) const AUDIENCE: &str = "https://api.example";
pub(crate) const REALM: &str = "corpus";

pub(crate) struct World {
    pub(crate) main: IdentityProvider,
    pub(crate) other: IdentityProvider,
    /// Publishes the attacker's keys, and counts requests for them.
    pub(crate) attacker: IdentityProvider,
    pub(crate) journal: Journal,
    keyring: Keyring,
    client: reqwest::Client,
}

/// The issuers that a verifier trusts in addition to those of the case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Company {
    Alone,
    /// One more issuer, with given keys, which no token names.
    BesideAnother,
}

impl World {
    pub(crate) async fn start() -> Self {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        let world = Self {
            main: IdentityProvider::start(Algorithm::all()).await,
            other: IdentityProvider::start(Algorithms::default().iter()).await,
            attacker: IdentityProvider::start([Algorithm::RS256]).await,
            journal: Journal::start(),
            keyring: Keyring::new(),
            client: client.build().expect("a client"),
        };
        for provider in [&world.other, &world.attacker] {
            provider.publish(provider.issuer().jwks());
        }
        world
    }

    pub(crate) fn signer(&self, name: &str) -> Result<Signer<'_>, String> {
        self.keyring.signer(name, &self.main, &self.other)
    }

    /// Makes the main issuer publish these keys, or its ten keys if there are none.
    pub(crate) fn publish(&self, jwks: Option<&[Jwk]>) -> Result<(), String> {
        self.main.publish(match jwks {
            None => self.main.issuer().jwks(),
            Some(keys) => self.key_set(keys)?,
        });
        Ok(())
    }

    pub(crate) fn key_set<'a>(&self, keys: impl IntoIterator<Item = &'a Jwk>) -> Result<String, String> {
        let keys = keys.into_iter().map(|jwk| token::jwk(jwk, self)).collect::<Result<Vec<_>, _>>()?;
        Ok(format!(r#"{{"keys":[{}]}}"#, keys.join(",")))
    }

    /// Builds a new verifier for each case, so that cases share neither keys nor cool-downs.
    pub(crate) async fn verifier(
        &self,
        case: &Case,
        keys: KeyDelivery,
        company: Company,
    ) -> Result<Result<Verifier, ConfigError>, String> {
        let Policy { issuers, algorithms, kind, leeway, max_lifetime, sources, trusted_origins, .. } = &case.verifier;
        let algorithms = match algorithms {
            None => Algorithm::all().collect(),
            Some(names) => names
                .iter()
                .map(|name| Algorithm::from_name(name).ok_or_else(|| format!("no algorithm `{name}`")))
                .collect::<Result<Vec<_>, _>>()?,
        };
        let mut builder = Verifier::builder().realm(REALM).clock(Arc::new(ManualClock::at(NOW)));
        for name in issuers.as_deref().unwrap_or(&["main".to_owned()]) {
            let provider = match name.as_str() {
                "main" => &self.main,
                "other" => &self.other,
                _ => return Err(format!("no issuer `{name}`")),
            };
            let mut issuer = Oidc::issuer(provider.url()).audience(AUDIENCE).algorithms(algorithms.iter().copied());
            issuer = self.deliver(issuer, provider, keys)?;
            issuer = match kind.as_deref() {
                None => issuer,
                Some("rfc9068") => issuer.kind(TokenKind::rfc9068()),
                Some(other) => return Err(format!("no kind `{other}`")),
            };
            if let Some(seconds) = leeway {
                issuer = issuer.leeway(Duration::from_secs(*seconds));
            }
            if let Some(seconds) = max_lifetime {
                issuer = issuer.max_lifetime(Duration::from_secs(*seconds));
            }
            builder = builder.issuer(issuer);
        }
        if company == Company::BesideAnother {
            let bystander = Oidc::issuer("https://bystander.example").audience(AUDIENCE);
            builder = builder.issuer(bystander.jwks(self.other.published()).algorithms(Algorithm::all()));
        }
        if let Some(sources) = sources {
            let sources = sources.iter().map(|text| source(text)).collect::<Result<Vec<_>, _>>()?;
            builder = builder.sources(sources).trusted_origins(trusted_origins.iter().map(String::as_str));
        }
        Ok(builder.build().await)
    }

    fn deliver(
        &self,
        issuer: Provider<Oidc>,
        provider: &IdentityProvider,
        keys: KeyDelivery,
    ) -> Result<Provider<Oidc>, String> {
        Ok(match keys {
            KeyDelivery::Fetched => issuer.http_client(self.client.clone()),
            KeyDelivery::Static => issuer.jwks(provider.published()),
            KeyDelivery::Pem => issuer.pem(self.signer("RS256")?.pem()?),
        })
    }
}

fn source(text: &str) -> Result<Source, String> {
    let (kind, name) = text.split_once(' ').unwrap_or((text, ""));
    Ok(match kind {
        "authorization" => Source::authorization(),
        "header" => Source::header(name),
        "cookie" => Source::cookie(name),
        "protocol" => Source::websocket_protocol(),
        "query" => Source::danger().query(name),
        _ => return Err(format!("no source `{kind}`")),
    })
}
