//! The caller that entitlements are looked up for, without anything that differs between two tokens of one caller.

use crate::principal::Principal;
use crate::scale::{COUNTERS, block};
use std::fmt;
use std::sync::Arc;

/// The caller that an [`EntitlementsProvider`](crate::EntitlementsProvider) is asked about. Cheap to clone.
///
/// These fields form the cache key. Scopes and claims are not included, since two tokens of one caller may differ in
/// them and would share an answer.
///
/// # Example
///
/// ```
/// # use countersign_core::CallerId;
/// fn path(caller: &CallerId) -> [&str; 2] {
///     [caller.issuer(), caller.subject()]
/// }
/// ```
///
/// # Security
///
/// A subject is unique only within its issuer, and may belong to several tenants of it. If the issuer has tenants,
/// also compare [`tenant`](Self::tenant), since a grant in one tenant must not apply in another.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CallerId(Arc<Parts>);

#[derive(PartialEq, Eq, Hash)]
struct Parts {
    issuer: Arc<str>,
    subject: Box<str>,
    username: Option<Box<str>>,
    tenant: Option<Box<str>>,
}

impl CallerId {
    pub(crate) fn of(principal: &Principal) -> Self {
        Self(Arc::new(Parts {
            issuer: Arc::clone(&principal.issuer),
            subject: principal.subject.clone(),
            username: principal.username.clone(),
            tenant: principal.tenant.clone(),
        }))
    }

    /// The issuer, as [`Principal::issuer`] gives it. A subject is unique only together with its issuer.
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// The subject, as [`Principal::subject`] gives it. It is never empty.
    pub fn subject(&self) -> &str {
        &self.0.subject
    }

    /// The user name, if the token has one.
    ///
    /// # Security
    ///
    /// The provider may give it to another user later. Look up grants by it only if users can neither choose nor
    /// change it.
    pub fn username(&self) -> Option<&str> {
        self.0.username.as_deref()
    }

    /// The tenant or organisation that the caller acts in, as [`Principal::tenant`] gives it.
    pub fn tenant(&self) -> Option<&str> {
        self.0.tenant.as_deref()
    }

    /// The memory that it uses.
    pub(crate) fn bytes(&self) -> usize {
        let Parts { issuer, subject, username, tenant } = &*self.0;
        block(size_of::<Parts>() + COUNTERS)
            // The name of an issuer with tenants is a new string for each token, so it counts here.
            + block(issuer.len() + COUNTERS)
            + block(subject.len())
            + username.as_deref().map_or(0, |name| block(name.len()))
            + tenant.as_deref().map_or(0, |name| block(name.len()))
    }
}

impl fmt::Debug for CallerId {
    /// Shows no field, since all are personal. Even the issuer's name may contain the tenant.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallerId").finish_non_exhaustive()
    }
}
