//! A verified caller with what was granted outside of the token.

use crate::grants_provider::Grants;
use crate::principal::Principal;
use crate::verified_token::VerifiedToken;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// A verified caller, and all that it was granted, in the token and outside of it. Cheap to clone.
///
/// # Example
///
/// ```
/// # use countersign_core::{Unavailable, VerifiedToken, Verifier};
/// async fn is_admin(verifier: &Verifier, token: &VerifiedToken) -> Result<bool, Unavailable> {
///     Ok(verifier.granted(token).await?.principal().groups().contains("admin"))
/// }
/// ```
#[derive(Clone)]
pub struct Granted {
    token: VerifiedToken,
    /// `None` where nobody grants anything outside of the token.
    merged: Option<Arc<Merged>>,
}

impl Granted {
    pub(crate) fn by_token_alone(token: VerifiedToken) -> Self {
        Self { token, merged: None }
    }

    pub(crate) fn new(token: VerifiedToken, merged: Arc<Merged>) -> Self {
        Self { token, merged: Some(merged) }
    }

    /// Who calls, with the grants of both.
    pub fn principal(&self) -> &Principal {
        self.merged.as_ref().map_or(self.token.principal(), |merged| &merged.principal)
    }

    /// The token. Its own principal has the grants of the token alone.
    pub fn token(&self) -> &VerifiedToken {
        &self.token
    }
}

impl fmt::Debug for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Granted").field(self.principal()).finish()
    }
}

/// The principal of one token with grants that were looked up, kept beside the token: it is made once for both.
pub(crate) struct Merged {
    principal: Principal,
    /// When the grants may be relied upon.
    stands: Range<Duration>,
    /// Whose grants these are. A token can be shown to another verifier than the one that verified it.
    provider: ProviderId,
}

/// One provider in one verifier, told from all others of the process.
pub(crate) type ProviderId = u64;

impl Merged {
    pub(crate) fn new(token: &Principal, grants: &Grants, stands: Range<Duration>, provider: ProviderId) -> Self {
        Self { principal: merge(token, grants), stands, provider }
    }

    pub(crate) fn stands_at(&self, now: Duration, provider: ProviderId) -> bool {
        self.provider == provider && self.stands.contains(&now)
    }

    /// About what it takes of memory.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + self.principal.bytes()
    }
}

/// What the token says, and what was looked up. The one place where the two meet.
fn merge(token: &Principal, grants: &Grants) -> Principal {
    let mut principal = token.clone();
    principal.groups.extend(grants.groups.iter());
    principal.roles.extend(grants.roles.iter());
    principal.permissions.extend(grants.permissions.iter());
    principal
}
