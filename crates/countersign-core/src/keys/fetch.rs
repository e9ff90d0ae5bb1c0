//! The interface for fetching keys. Nothing here depends on an HTTP client.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// Fetches an issuer's JWK set. `countersign-providers` implements it with reqwest. Tests and unusual environments may
/// use their own implementation.
///
/// An implementation must limit the size of what it reads, and must not block its thread for long. Each fetch has a
/// time limit of 5 seconds.
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
    /// Fetches the current JWK set. `known` is the [tag](FetchedJwks::etag) of the set in use, for a conditional
    /// request. An implementation may ignore it.
    ///
    /// # Errors
    ///
    /// Any error. After it, the last good keys stay in use.
    fn fetch(&self, known: Option<Arc<str>>) -> BoxFuture<'_, Result<FetchedJwks, FetchError>>;
}

/// A boxed future, which keeps the trait usable as a trait object. It is never used for a token whose key is known.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A successful answer of a [`FetchJwks`].
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
    /// `None` if the set has not changed.
    pub(crate) jwks: Option<Vec<u8>>,
    pub(crate) lifetime: Option<Duration>,
    pub(crate) etag: Option<Arc<str>>,
}

impl FetchedJwks {
    /// The text of a JWK set.
    pub fn jwks(text: impl Into<Vec<u8>>) -> Self {
        Self { jwks: Some(text.into()), lifetime: None, etag: None }
    }

    /// Reports that the set has not changed since the tag that the [`FetchJwks`] was given (RFC 9110 section 15.4.5).
    pub fn unchanged() -> Self {
        Self { jwks: None, lifetime: None, etag: None }
    }

    /// Sets the freshness lifetime of the answer. It is limited to between 1 minute and 24 hours. The default is 10
    /// minutes.
    #[must_use]
    pub fn fresh_for(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// Sets the validator of the answer for a conditional request, for example its entity tag together with its URL.
    #[must_use]
    pub fn etag(mut self, etag: impl Into<Arc<str>>) -> Self {
        self.etag = Some(etag.into());
        self
    }
}

impl fmt::Debug for FetchedJwks {
    /// Leaves the text out, since it holds a private key if the provider made a mistake.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchedJwks").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

/// The reason why keys could not be fetched.
#[derive(Debug)]
pub struct FetchError {
    problem: &'static str,
    source: Option<Box<dyn Error + Send + Sync>>,
    pub(crate) retry_after: Option<Duration>,
}

impl FetchError {
    /// Makes an error with its cause.
    pub fn new(problem: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { problem, source: Some(source.into()), retry_after: None }
    }

    /// Sets the time for which the provider asks to receive no requests (`Retry-After`, RFC 9110 section 10.2.3). It is
    /// obeyed for up to 5 minutes, even if tokens name unknown keys in that time.
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
