//! Entitlements from outside the token, and their provider.

use crate::entitlements::caller_id::CallerId;
use crate::keys::fetch::BoxFuture;
use crate::principal::name_set::NameSet;
use std::error::Error;
use std::fmt;

/// Looks up the entitlements of a caller outside the token, in a database or a directory.
///
/// It is asked only when a guard or handler asks, once for all requests of one caller that ask at a time, and its answer is
/// kept for a while: see [`VerifierBuilder::entitlements`](crate::VerifierBuilder::entitlements). A closure is a provider, too.
///
/// # Example
///
/// ```
/// use countersign_core::{Entitlements, EntitlementsError, CallerId, VerifierBuilder};
///
/// # struct Directory;
/// # impl Directory { async fn groups_of(&self, _: &str) -> Result<Vec<String>, std::io::Error> { Ok(Vec::new()) } }
/// # fn example(builder: VerifierBuilder, directory: std::sync::Arc<Directory>) -> VerifierBuilder {
/// builder.entitlements(move |caller: CallerId| {
///     let directory = directory.clone();
///     async move {
///         let groups = directory.groups_of(caller.subject()).await;
///         let groups = groups.map_err(|error| EntitlementsError::new("the directory cannot be asked", error))?;
///         Ok(Entitlements { groups: groups.iter().map(String::as_str).collect(), ..Entitlements::default() })
///     }
/// })
/// # }
/// ```
///
/// # Security
///
/// A subject is unique only within its issuer. Where a verifier trusts several, look at
/// [`CallerId::issuer`], too, and where an issuer has tenants, at [`CallerId::tenant`].
pub trait EntitlementsProvider: Send + Sync + 'static {
    /// The entitlements of the caller. None at all is a valid answer.
    ///
    /// An implementation bounds how much it reads. Its time is bounded by the verifier.
    ///
    /// # Errors
    ///
    /// Any failure is answered with 503.
    fn entitlements<'a>(&'a self, caller: &'a CallerId) -> BoxFuture<'a, Result<Entitlements, EntitlementsError>>;

    /// The name in the log.
    fn name(&self) -> &str {
        std::any::type_name::<Self>()
    }
}

impl<F, A> EntitlementsProvider for F
where
    F: Fn(CallerId) -> A + Send + Sync + 'static,
    A: Future<Output = Result<Entitlements, EntitlementsError>> + Send + 'static,
{
    fn entitlements<'a>(&'a self, caller: &'a CallerId) -> BoxFuture<'a, Result<Entitlements, EntitlementsError>> {
        Box::pin(self(caller.clone()))
    }
}

/// Entitlements of a caller from outside the token.
///
/// It has no scopes: with a scope the user permits a client something, and only the token knows that.
///
/// # Example
///
/// ```
/// use countersign_core::{Entitlements, NameSet};
///
/// let editor = Entitlements { roles: NameSet::from_iter(["editor"]), ..Entitlements::default() };
/// assert!(editor.roles.contains("editor") && editor.groups.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entitlements {
    /// Groups, in addition to those of the token.
    pub groups: NameSet,
    /// Roles, in addition to those of the token.
    pub roles: NameSet,
    /// Permissions, in addition to those of the token.
    pub permissions: NameSet,
}

impl Entitlements {
    /// The memory that it holds.
    pub(crate) fn bytes(&self) -> usize {
        self.groups.bytes() + self.roles.bytes() + self.permissions.bytes()
    }
}

/// Identifies one provider in one verifier among all of the process.
pub(crate) type ProviderId = u64;

/// The reason why entitlements could not be looked up.
pub struct EntitlementsError {
    problem: &'static str,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl EntitlementsError {
    /// An error with a foreign cause. The verifier logs the problem and not the cause, which may quote the caller.
    pub fn new(problem: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { problem, source: Some(source.into()) }
    }
}

impl From<&'static str> for EntitlementsError {
    fn from(problem: &'static str) -> Self {
        Self { problem, source: None }
    }
}

impl fmt::Display for EntitlementsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.problem)
    }
}

impl fmt::Debug for EntitlementsError {
    /// Without the cause, which may quote the caller. [`source`](Error::source) gives it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EntitlementsError").field(&self.problem).finish()
    }
}

impl Error for EntitlementsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
