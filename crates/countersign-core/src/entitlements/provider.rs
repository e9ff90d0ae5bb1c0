//! Entitlements from outside the token, and their provider.

use crate::entitlements::caller_id::CallerId;
use crate::keys::fetch::BoxFuture;
use crate::principal::name_set::NameSet;
use std::error::Error;
use std::fmt;

/// Looks up the entitlements of a caller outside the token, in a database or a directory.
///
/// It is called only if a guard or handler needs entitlements. Simultaneous requests of one caller share one call, and
/// the answer is cached for a while, see [`VerifierBuilder::entitlements`](crate::VerifierBuilder::entitlements). A
/// closure is also a provider.
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
///         let groups = groups.map_err(|error| EntitlementsError::new("could not query the directory", error))?;
///         Ok(Entitlements::default().with_groups(groups.iter().map(String::as_str)))
///     }
/// })
/// # }
/// ```
///
/// # Security
///
/// A subject is unique only within its issuer. If a verifier trusts several issuers, also compare
/// [`CallerId::issuer`]. If an issuer has tenants, also compare [`CallerId::tenant`].
pub trait EntitlementsProvider: Send + Sync + 'static {
    /// Looks up the entitlements of the caller. An empty result is valid.
    ///
    /// An implementation must limit the amount of data that it reads. The verifier limits its time.
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
/// It has no scopes. A scope is a permission that the user gave to a client, and only the token contains it.
///
/// # Example
///
/// ```
/// use countersign_core::Entitlements;
///
/// let editor = Entitlements::default().with_roles(["editor"]);
/// assert!(editor.roles.contains("editor") && editor.groups.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entitlements {
    /// Groups, in addition to those of the token.
    pub groups: NameSet,
    /// Roles, in addition to those of the token.
    pub roles: NameSet,
    /// Permissions, in addition to those of the token.
    pub permissions: NameSet,
}

impl Entitlements {
    /// Adds groups.
    #[must_use]
    pub fn with_groups<'n>(mut self, groups: impl IntoIterator<Item = &'n str>) -> Self {
        self.groups.extend(groups);
        self
    }

    /// Adds roles.
    #[must_use]
    pub fn with_roles<'n>(mut self, roles: impl IntoIterator<Item = &'n str>) -> Self {
        self.roles.extend(roles);
        self
    }

    /// Adds permissions.
    #[must_use]
    pub fn with_permissions<'n>(mut self, permissions: impl IntoIterator<Item = &'n str>) -> Self {
        self.permissions.extend(permissions);
        self
    }

    /// The memory that it uses, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.groups.bytes() + self.roles.bytes() + self.permissions.bytes()
    }
}

/// An identifier of one provider in one verifier, unique within the process.
pub(crate) type ProviderId = u64;

/// The reason why entitlements could not be looked up.
pub struct EntitlementsError {
    problem: &'static str,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl EntitlementsError {
    /// Creates an error with a cause. The verifier logs the problem but not the cause, which may quote the caller.
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
    /// Shows the error without its cause, which may quote the caller. [`source`](Error::source) returns the cause.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EntitlementsError").field(&self.problem).finish()
    }
}

impl Error for EntitlementsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
