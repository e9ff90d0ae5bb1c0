//! What a verifier knows of HTTP: its sources, and the application's own answers. They ride on the verifier as an
//! attachment, since the core knows no HTTP.

use crate::same_origin::canonical;
use crate::sources::{Source, Sources};
use countersign_core::{ConfigError, Verifier, VerifierBuilder};

/// The settings of a verifier that are about HTTP, for [`VerifierBuilder`]; for a [`Verifier`], too, where one router
/// takes its tokens from somewhere else than the others.
///
/// # Example
///
/// ```
/// use countersign::{ConfigError, HttpSettings, Oidc, Source, Verifier};
///
/// # async fn example() -> Result<(), ConfigError> {
/// let verifier = Verifier::builder()
///     .issuer(Oidc::issuer("https://idp.example.com").audience("https://api.example.com"))
///     .sources([Source::authorization(), Source::cookie("__session")])
///     .trusted_origins(["https://app.example.com"])
///     .build()
///     .await?;
///
/// // A router of its own, with the same keys and cache: `.with_state(sockets)`.
/// let sockets = verifier.sources([Source::websocket_protocol()])?;
/// # let _ = sockets;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`ConfigError::InvalidArgument`] for a name that cannot be one: when the builder builds, at once for a verifier.
pub trait HttpSettings: Sized {
    /// The builder itself, or a verifier that is set so.
    type Set;

    /// Where a token may stand, in the place of `Authorization` alone. Of all of them exactly one may carry a token: two
    /// are answered with 400.
    fn sources(self, sources: impl IntoIterator<Item = Source>) -> Self::Set;

    /// Origins whose pages may send a token in a cookie with requests that change something, beside those of the API's own
    /// origin: `https://app.example.com`, without path.
    ///
    /// # Security
    ///
    /// Whoever can run a script on one of them acts for whoever visits it.
    fn trusted_origins<'o>(self, origins: impl IntoIterator<Item = &'o str>) -> Self::Set;
}

impl HttpSettings for VerifierBuilder {
    type Set = Self;

    fn sources(self, sources: impl IntoIterator<Item = Source>) -> Self {
        let settings = Http::of(self.attachment()).sources(sources);
        self.attach(settings)
    }

    fn trusted_origins<'o>(self, origins: impl IntoIterator<Item = &'o str>) -> Self {
        let settings = Http::of(self.attachment()).trusted_origins(origins);
        self.attach(settings)
    }
}

impl HttpSettings for &Verifier {
    type Set = Result<Verifier, ConfigError>;

    fn sources(self, sources: impl IntoIterator<Item = Source>) -> Self::Set {
        Http::of(self.attachment()).sources(sources).map(|settings| self.attach(settings))
    }

    fn trusted_origins<'o>(self, origins: impl IntoIterator<Item = &'o str>) -> Self::Set {
        Http::of(self.attachment()).trusted_origins(origins).map(|settings| self.attach(settings))
    }
}

/// The attachment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Http {
    pub(crate) sources: Sources,
}

impl Http {
    fn of(attachment: Option<&Self>) -> Self {
        attachment.cloned().unwrap_or_default()
    }

    fn sources(mut self, sources: impl IntoIterator<Item = Source>) -> Result<Self, ConfigError> {
        self.sources.replace(sources)?;
        Ok(self)
    }

    fn trusted_origins<'o>(mut self, origins: impl IntoIterator<Item = &'o str>) -> Result<Self, ConfigError> {
        let checked = origins.into_iter().map(|origin| {
            canonical(origin).ok_or_else(|| ConfigError::InvalidArgument {
                what: "trusted origin",
                value: origin.to_owned(),
                expected: "scheme, host and perhaps a port, such as `https://app.example.com`",
            })
        });
        self.sources.trusted_origins = checked.collect::<Result<_, _>>()?;
        Ok(self)
    }
}
