//! Authorization: checks a requirement against a verified token and the entitlements of its caller.

use crate::entitlements::cache::{EntitlementsCache, LookedUp};
use crate::entitlements::caller_id::CallerId;
use crate::error::Unavailable;
use crate::principal::Principal;
use crate::requirement::Requirement;
use crate::requirement::lookup::Lookup;
use crate::verified::merged_principal::Merged;
use crate::verified::token::VerifiedToken;
use crate::verifier::Verifier;
use std::fmt;
use std::sync::Arc;

/// A verified caller with all entitlements, from the token and from outside it. Cheap to clone.
///
/// # Example
///
/// ```
/// # use countersign_core::{Unavailable, VerifiedToken, Verifier};
/// async fn is_admin(verifier: &Verifier, token: &VerifiedToken) -> Result<bool, Unavailable> {
///     Ok(verifier.caller(token).await?.principal().groups().contains("admin"))
/// }
/// ```
#[derive(Clone)]
pub struct Caller {
    token: VerifiedToken,
    /// `None` if no provider of entitlements is configured.
    merged: Option<Arc<Merged>>,
}

impl Caller {
    pub(crate) fn by_token_alone(token: VerifiedToken) -> Self {
        Self { token, merged: None }
    }

    pub(crate) fn new(token: VerifiedToken, merged: Arc<Merged>) -> Self {
        Self { token, merged: Some(merged) }
    }

    /// The principal, with the entitlements of the token and those from outside.
    pub fn principal(&self) -> &Principal {
        self.merged.as_ref().map_or(self.token.principal(), |merged| &merged.principal)
    }

    /// The verified token, without external entitlements.
    pub fn token(&self) -> &VerifiedToken {
        &self.token
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Caller").field(self.principal()).finish()
    }
}

impl Verifier {
    /// Returns the caller of a token with the entitlements from outside the token. It waits only if these must be
    /// [looked up](crate::VerifierBuilder::entitlements).
    ///
    /// # Errors
    ///
    /// [`Unavailable`] if the look-up fails. Without a provider of entitlements this never fails.
    pub async fn caller(&self, token: &VerifiedToken) -> Result<Caller, Unavailable> {
        let Some(grants) = self.entitlements() else { return Ok(Caller::by_token_alone(token.clone())) };
        if let Some(granted) = self.caller_now(token) {
            return Ok(granted);
        }
        let found = grants.look_up(CallerId::of(token.principal())).await?;
        Ok(self.merge(grants, token, found))
    }

    /// Returns the caller without waiting; `None` if entitlements must be looked up.
    pub fn caller_now(&self, token: &VerifiedToken) -> Option<Caller> {
        let Some(grants) = self.entitlements() else { return Some(Caller::by_token_alone(token.clone())) };
        let now = self.clock().now();
        if let Some(merged) = token.merged().filter(|merged| merged.is_valid_at(now, grants.id)) {
            return Some(Caller::new(token.clone(), merged));
        }
        let known = grants.known(&CallerId::of(token.principal()), now)?;
        Some(self.merge(grants, token, known))
    }

    fn merge(&self, grants: &EntitlementsCache, token: &VerifiedToken, found: LookedUp) -> Caller {
        let merged = Arc::new(Merged::new(token.principal(), &found.grants, found.stands, grants.id));
        token.keep_merged(Arc::clone(&merged));
        Caller::new(token.clone(), merged)
    }

    /// Checks if the caller meets the requirement by the token alone or, if that is not enough, with entitlements from
    /// outside.
    ///
    /// # Example
    ///
    /// ```
    /// use countersign_core::{Groups, Select, Unavailable, VerifiedToken, Verifier};
    ///
    /// countersign_core::groups! { pub Admin = "admin"; }
    ///
    /// async fn is_admin(verifier: &Verifier, token: &VerifiedToken) -> Result<bool, Unavailable> {
    ///     verifier.permits::<Select<Groups, Admin>>(token).await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Unavailable`] if the look-up fails.
    pub async fn permits<R: Requirement>(&self, token: &VerifiedToken) -> Result<bool, Unavailable> {
        match self.permits_now::<R>(token) {
            Some(permitted) => Ok(permitted),
            None => Ok(meets::<R>(self.caller(token).await?.principal())),
        }
    }

    /// Checks the requirement without waiting; `None` if entitlements must be looked up.
    pub fn permits_now<R: Requirement>(&self, token: &VerifiedToken) -> Option<bool> {
        if self.entitlements().is_none() || R::LOOKUP == Lookup::Never {
            return Some(meets::<R>(token.principal()));
        }
        if R::LOOKUP == Lookup::IfDenied && R::check(token.principal()) {
            return Some(true);
        }
        self.caller_now(token).map(|granted| meets::<R>(granted.principal()))
    }
}

/// Checks the requirement. A denial is logged for the operator if the token could not hold all groups, since the caller
/// cannot see that reason.
fn meets<R: Requirement>(principal: &Principal) -> bool {
    let is_met = R::check(principal);
    if let Some(advice) = principal.groups_left_out.filter(|_| !is_met && R::LOOKUP != Lookup::Never) {
        tracing::warn!(
            target: "countersign::entitlements", issuer = principal.issuer(), advice,
            "denied because the token leaves groups out: look up groups with `VerifierBuilder::entitlements`"
        );
    }
    is_met
}
