//! The way from a configured provider to the core's [`Issuer`].

use crate::preset::profile::{Accepted, Profile};
use crate::preset::provider::Provider;
use crate::preset::traits::Preset;
use countersign_core::{ConfigError, IntoIssuer, Issuer};

impl<P: Preset> IntoIssuer for Provider<P> {
    fn into_issuer(self) -> Result<Issuer, ConfigError> {
        let profile = self.preset.profile(self.recipients)?;
        let keys = self.keys.keys(&profile)?;
        let issuer = profile.issuer(self.accepted, keys)?.rules(self.rules);
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
        Ok(issuer)
    }
}

/// A preset's data, and the kinds of token that it is set to accept.
#[doc(hidden)]
#[derive(Debug)]
pub struct Description {
    pub(crate) accepted: Accepted,
    pub(crate) profile: Profile,
}

impl<P: Preset> Provider<P> {
    /// Gives the preset's data under the settings that were made, for the reference.
    #[doc(hidden)]
    pub fn describe(self) -> Result<Description, ConfigError> {
        Ok(Description { accepted: self.accepted, profile: self.preset.profile(self.recipients)? })
    }

    #[cfg(test)]
    pub(crate) fn profile(self) -> Result<Profile, ConfigError> {
        self.preset.profile(self.recipients)
    }
}
