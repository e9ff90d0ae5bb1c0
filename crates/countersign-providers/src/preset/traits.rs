//! The trait of all presets, and the marker traits by which a preset opts in to shared settings.

use crate::preset::docs::PresetDocs;
use crate::preset::environment::FromEnv;
use crate::preset::profile::Profile;
use crate::preset::provider::Provider;
use crate::preset::recipients::Recipients;
use countersign_core::ConfigError;
use serde::de::DeserializeOwned;

/// A provider that Countersign knows. Sealed: for any other provider use [`Oidc`](crate::Oidc) or your own
/// [`Issuer`](countersign_core::Issuer).
pub trait Preset: sealed::Sealed + Sized + 'static {
    /// The claims of its tokens, to use as they are or to flatten into your own type.
    type Claims: DeserializeOwned + Send + Sync + 'static;

    /// Its section of the reference.
    const DOCS: PresetDocs;

    /// The environment variables that `from_env` reads.
    const FROM_ENV: FromEnv<Self>;

    /// Describes the provider's issuer, keys and tokens.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for an argument that the provider cannot have given out.
    fn profile(self, recipients: Recipients) -> Result<Profile, ConfigError>;

    /// Makes an example, for the reference and for the tests that every preset must pass.
    fn example() -> Provider<Self>;
}

/// A provider whose access tokens and ID tokens can both be verified:
/// [`id_tokens`](Provider::id_tokens) and [`access_or_id_tokens`](Provider::access_or_id_tokens).
pub trait IssuesBothKinds: Preset {}

/// A provider whose tokens name an API as their audience: [`audience`](Provider::audience).
pub trait TakesAudience: Preset {}

/// A provider whose tokens, or ID tokens, are bound to a client: [`client_id`](Provider::client_id).
pub trait TakesClientId: Preset {}

pub(crate) mod sealed {
    pub trait Sealed {}
}
