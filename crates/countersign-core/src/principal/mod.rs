//! The verified caller, in provider-neutral terms.
//!
//! Claims are read here, and nothing is verified.

pub(crate) mod claim_map;
pub(crate) mod claim_path;
pub(crate) mod name_set;

use crate::principal::name_set::NameSet;
use crate::scale::{COUNTERS, block};
use std::fmt;
use std::sync::Arc;

/// The caller, independent of the provider. It can only be obtained from a verified token.
///
/// # Example
///
/// ```
/// # use countersign_core::Principal;
/// fn greeting(principal: &Principal) -> String {
///     if principal.is_machine() {
///         format!("service {}", principal.subject())
///     } else {
///         principal.username().unwrap_or(principal.subject()).to_owned()
///     }
/// }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Principal {
    pub(crate) issuer: Arc<str>,
    pub(crate) issuer_name: Arc<str>,
    pub(crate) subject: Box<str>,
    pub(crate) username: Option<Box<str>>,
    pub(crate) email: Option<Box<str>>,
    pub(crate) tenant: Option<Box<str>>,
    pub(crate) scopes: NameSet,
    pub(crate) groups: NameSet,
    pub(crate) roles: NameSet,
    pub(crate) permissions: NameSet,
    /// The advice for the operator, if the token omits groups.
    pub(crate) groups_left_out: Option<&'static str>,
    pub(crate) is_machine: bool,
}

impl Principal {
    /// The issuer of the token: its `iss`, or the first name of an issuer with several names. A subject is unique only
    /// together with its issuer.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The application's name for the issuer ([`Issuer::named`](crate::Issuer::named)), otherwise its `iss`.
    pub fn issuer_name(&self) -> &str {
        &self.issuer_name
    }

    /// The `sub` of the token, or the claim that the claim map uses instead. It is never empty.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The user name. Do not authorise by it, since the provider may give it to another user later.
    pub fn username(&self) -> Option<&str> {
        self.username.as_deref()
    }

    /// The e-mail address. Do not authorise by it, since the provider may not have verified it.
    pub fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    /// The tenant or organisation, if the claim map sets a claim for it.
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// The scopes: the actions that the client may take on behalf of the user.
    pub fn scopes(&self) -> &NameSet {
        &self.scopes
    }

    /// The groups of the user as the provider states them. The list may be incomplete, see
    /// [`groups_left_out`](Self::groups_left_out).
    pub fn groups(&self) -> &NameSet {
        &self.groups
    }

    /// True if the token states that it omits groups because there are too many (Entra ID's overage). A guard then
    /// treats the user as a member of none of them and logs a warning, unless groups are [looked
    /// up](crate::VerifierBuilder::entitlements).
    pub fn groups_left_out(&self) -> bool {
        self.groups_left_out.is_some()
    }

    /// The roles of the user at the provider.
    pub fn roles(&self) -> &NameSet {
        &self.roles
    }

    /// The permissions of the user at the provider.
    pub fn permissions(&self) -> &NameSet {
        &self.permissions
    }

    /// True if the token belongs to a program (client credentials) and not to a person.
    pub fn is_machine(&self) -> bool {
        self.is_machine
    }
}

impl Principal {
    /// The memory that it uses, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let texts = [Some(&self.subject), self.username.as_ref(), self.email.as_ref(), self.tenant.as_ref()];
        let sets = [&self.scopes, &self.groups, &self.roles, &self.permissions];
        // The name of an issuer with tenants is a new string for each token.
        let issuer = if Arc::ptr_eq(&self.issuer, &self.issuer_name) { 0 } else { block(self.issuer.len() + COUNTERS) };
        issuer
            + texts.into_iter().flatten().map(|text| block(text.len())).sum::<usize>()
            + sets.into_iter().map(NameSet::bytes).sum::<usize>()
    }
}

impl fmt::Debug for Principal {
    /// Shows only the configured name of the issuer and the machine flag. Everything else is personal, even the `iss`
    /// of an issuer with tenants, since it contains the caller's tenant.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal")
            .field("issuer_name", &self.issuer_name)
            .field("is_machine", &self.is_machine)
            .finish_non_exhaustive()
    }
}
