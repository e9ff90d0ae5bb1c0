//! A principal with entitlements from outside the token.

use crate::clock::UnixTime;
use crate::entitlements::provider::{Entitlements, ProviderId};
use crate::principal::Principal;
use crate::scale::{COUNTERS, block};
use std::ops::Range;

/// The principal of one token with looked-up entitlements. It is made once and kept with the token.
pub(crate) struct Merged {
    pub(crate) principal: Principal,
    /// The time in which the entitlements are valid.
    stands: Range<UnixTime>,
    /// The provider of the entitlements. It is compared, since a token can be passed to a verifier that did not verify
    /// it.
    provider: ProviderId,
}

impl Merged {
    pub(crate) fn new(token: &Principal, grants: &Entitlements, stands: Range<UnixTime>, provider: ProviderId) -> Self {
        Self { principal: merge(token, grants), stands, provider }
    }

    pub(crate) fn is_valid_at(&self, now: UnixTime, provider: ProviderId) -> bool {
        self.provider == provider && self.stands.contains(&now)
    }

    /// The memory that it uses.
    pub(crate) fn bytes(&self) -> usize {
        block(size_of::<Self>() + COUNTERS) + self.principal.bytes()
    }
}

/// Merges the principal of the token with the entitlements.
fn merge(token: &Principal, grants: &Entitlements) -> Principal {
    let mut principal = token.clone();
    principal.groups.extend(grants.groups.iter());
    principal.roles.extend(grants.roles.iter());
    principal.permissions.extend(grants.permissions.iter());
    // A provider that returns groups returns all of them.
    if !grants.groups.is_empty() {
        principal.groups_left_out = None;
    }
    principal
}
