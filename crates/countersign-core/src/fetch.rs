//! How keys are fetched, without saying by what.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// Gets an issuer's JWK set. `countersign-providers` implements it over reqwest; tests and unusual set-ups may bring
/// their own.
///
/// An implementation bounds the size of what it reads. The time is bounded for it, at 5 seconds.
///
/// # Example
///
/// ```
/// use countersign_core::{BoxFuture, Fetch, FetchError, Fetched};
///
/// #[derive(Debug)]
/// struct FromDisk(std::path::PathBuf);
///
/// impl Fetch for FromDisk {
///     fn fetch(&self) -> BoxFuture<'_, Result<Fetched, FetchError>> {
///         Box::pin(async {
///             let jwks = std::fs::read(&self.0).map_err(|error| FetchError::new("the file cannot be read", error))?;
///             Ok(Fetched { jwks, max_age: None })
///         })
///     }
/// }
/// ```
pub trait Fetch: fmt::Debug + Send + Sync + 'static {
    /// Gets the JWK set as it is now.
    ///
    /// # Errors
    ///
    /// Any failure keeps the last good keys in use.
    fn fetch(&self) -> BoxFuture<'_, Result<Fetched, FetchError>>;
}

/// A boxed future, where a trait must stay usable as an object. Never on the path of a token whose key is known.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An answer of a [`Fetch`].
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The text of the JWK set.
    pub jwks: Vec<u8>,
    /// How long the answer says that it is fresh; clamped to between 1 minute and 24 hours, 10 minutes without one.
    pub max_age: Option<Duration>,
}

/// Why keys could not be fetched.
#[derive(Debug)]
pub struct FetchError {
    problem: &'static str,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl FetchError {
    /// An error with a foreign cause.
    pub fn new(problem: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { problem, source: Some(source.into()) }
    }
}

impl From<&'static str> for FetchError {
    fn from(problem: &'static str) -> Self {
        Self { problem, source: None }
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
