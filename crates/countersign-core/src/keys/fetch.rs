//! How keys are fetched, without saying by what.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// Gets an issuer's JWK set. `countersign-providers` implements it over reqwest; tests and unusual set-ups may bring
/// their own.
///
/// An implementation bounds the size of what it reads, and does not block its thread for long. Its time is bounded at 5
/// seconds.
///
/// # Example
///
/// ```
/// use countersign_core::{BoxFuture, FetchJwks, FetchError, FetchedJwks};
/// use std::sync::Arc;
///
/// #[derive(Debug)]
/// struct FromDisk(std::path::PathBuf);
///
/// impl FetchJwks for FromDisk {
///     fn fetch(&self, _known: Option<Arc<str>>) -> BoxFuture<'_, Result<FetchedJwks, FetchError>> {
///         Box::pin(async {
///             let jwks = std::fs::read(&self.0).map_err(|error| FetchError::new("the file cannot be read", error))?;
///             Ok(FetchedJwks::jwks(jwks))
///         })
///     }
/// }
/// ```
pub trait FetchJwks: fmt::Debug + Send + Sync + 'static {
    /// Gets the JWK set as it is now. `known` is the [tag](FetchedJwks::etag) of the set that is in use, for a conditional
    /// request; a `FetchJwks` may ignore it.
    ///
    /// # Errors
    ///
    /// Any failure keeps the last good keys in use.
    fn fetch(&self, known: Option<Arc<str>>) -> BoxFuture<'_, Result<FetchedJwks, FetchError>>;
}

/// A boxed future, where a trait must stay usable as an object. Never on the path of a token whose key is known.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An answer of a [`FetchJwks`].
///
/// # Example
///
/// ```
/// use countersign_core::FetchedJwks;
/// use std::time::Duration;
///
/// let answer = FetchedJwks::jwks(r#"{"keys":[]}"#).fresh_for(Duration::from_secs(600)).etag("\"v7\"");
/// # let _ = answer;
/// ```
#[derive(Clone)]
pub struct FetchedJwks {
    /// `None` where the set is the one that is known already.
    pub(crate) jwks: Option<Vec<u8>>,
    pub(crate) lifetime: Option<Duration>,
    pub(crate) etag: Option<Arc<str>>,
}

impl FetchedJwks {
    /// The text of a JWK set.
    pub fn jwks(text: impl Into<Vec<u8>>) -> Self {
        Self { jwks: Some(text.into()), lifetime: None, etag: None }
    }

    /// The set is still the one whose tag the [`FetchJwks`] was given (RFC 9110 section 15.4.5).
    pub fn unchanged() -> Self {
        Self { jwks: None, lifetime: None, etag: None }
    }

    /// The freshness lifetime of the answer, clamped to between 1 minute and 24 hours, 10 minutes unless set.
    #[must_use]
    pub fn fresh_for(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// The validator of the answer for a conditional request, such as its entity tag together with its address.
    #[must_use]
    pub fn etag(mut self, etag: impl Into<Arc<str>>) -> Self {
        self.etag = Some(etag.into());
        self
    }
}

impl fmt::Debug for FetchedJwks {
    /// Without the text, which holds a private key if the other side made a mistake.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchedJwks").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

/// Why keys could not be fetched.
#[derive(Debug)]
pub struct FetchError {
    problem: &'static str,
    source: Option<Box<dyn Error + Send + Sync>>,
    pub(crate) retry_after: Option<Duration>,
}

impl FetchError {
    /// An error with a foreign cause.
    pub fn new(problem: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { problem, source: Some(source.into()), retry_after: None }
    }

    /// How long the provider asks to be left alone (`Retry-After`, RFC 9110 section 10.2.3). It is, for 5 minutes at the
    /// most, whatever keys are asked for meanwhile.
    #[must_use]
    pub fn retry_after(mut self, pause: Duration) -> Self {
        self.retry_after = Some(pause);
        self
    }
}

impl From<&'static str> for FetchError {
    fn from(problem: &'static str) -> Self {
        Self { problem, source: None, retry_after: None }
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.problem)
    }
}

impl Error for FetchError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
