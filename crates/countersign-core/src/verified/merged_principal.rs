//! A principal with entitlements from outside the token.

use crate::clock::UnixTime;
use crate::entitlements::provider::{Entitlements, ProviderId};
use crate::principal::Principal;
use crate::scale::{COUNTERS, block};
use std::ops::Range;

/// The principal of one token with grants that were looked up, kept beside the token: it is made once for both.
pub(crate) struct Merged {
    pub(crate) principal: Principal,
    /// When the grants may be relied upon.
    stands: Range<UnixTime>,
    /// Whose grants these are. A token can be shown to another verifier than the one that verified it.
    provider: ProviderId,
}

impl Merged {
    pub(crate) fn new(token: &Principal, grants: &Entitlements, stands: Range<UnixTime>, provider: ProviderId) -> Self {
        Self { principal: merge(token, grants), stands, provider }
    }

    pub(crate) fn is_valid_at(&self, now: UnixTime, provider: ProviderId) -> bool {
        self.provider == provider && self.stands.contains(&now)
    }

    /// What it takes of memory.
    pub(crate) fn bytes(&self) -> usize {
        block(size_of::<Self>() + COUNTERS) + self.principal.bytes()
    }
}

/// What the token says, and what was looked up. The one place where the two meet.
fn merge(token: &Principal, grants: &Entitlements) -> Principal {
    let mut principal = token.clone();
    principal.groups.extend(grants.groups.iter());
    principal.roles.extend(grants.roles.iter());
    principal.permissions.extend(grants.permissions.iter());
    // Who looks groups up knows all of them.
    principal.groups_left_out &= grants.groups.is_empty();
    principal
}
