//! The verified subject, in terms that no provider owns.

pub(crate) mod claim_map;
pub(crate) mod claim_path;
pub(crate) mod name_set;

use crate::principal::name_set::NameSet;
use crate::scale::{COUNTERS, block};
use std::fmt;
use std::sync::Arc;

/// Who calls: the verified, provider-neutral view of a token. Only a verified token gives one.
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
    pub(crate) groups_left_out: bool,
    pub(crate) is_machine: bool,
}

impl Principal {
    /// The issuer of the token: its `iss`, or the first of the names of an issuer that has several. A subject is unique only
    /// together with its issuer.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What the application calls the issuer ([`Issuer::named`](crate::Issuer::named)), else its `iss`.
    pub fn issuer_name(&self) -> &str {
        &self.issuer_name
    }

    /// The `sub` of the token, or what its claim map puts in its place; never empty.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The name that a person knows the user by. It can change hands: do not authorise by it.
    pub fn username(&self) -> Option<&str> {
        self.username.as_deref()
    }

    /// The e-mail address, verified by the provider or not. Do not authorise by it.
    pub fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    /// The tenant or organisation, where the claim map names one.
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// What the client was allowed to do in the user's name.
    pub fn scopes(&self) -> &NameSet {
        &self.scopes
    }

    /// The groups that the provider says the user is in; see [`groups_left_out`](Self::groups_left_out).
    pub fn groups(&self) -> &NameSet {
        &self.groups
    }

    /// Whether the token says that the user is in groups that it does not list, since they are too many (Entra ID's
    /// overage). A guard then answers as if the user were in none of them, and says so in the log, unless groups are
    /// [looked up](crate::VerifierBuilder::entitlements).
    pub fn groups_left_out(&self) -> bool {
        self.groups_left_out
    }

    /// The roles that the provider gave the user.
    pub fn roles(&self) -> &NameSet {
        &self.roles
    }

    /// The permissions that the provider gave the user.
    pub fn permissions(&self) -> &NameSet {
        &self.permissions
    }

    /// Whether the token stands for a program (client credentials), not for a person.
    pub fn is_machine(&self) -> bool {
        self.is_machine
    }
}

impl Principal {
    /// What hangs on it of memory.
    pub(crate) fn bytes(&self) -> usize {
        let texts = [Some(&self.subject), self.username.as_ref(), self.email.as_ref(), self.tenant.as_ref()];
        let sets = [&self.scopes, &self.groups, &self.roles, &self.permissions];
        // The name of an issuer with many tenants is made anew for each token.
        let issuer = if Arc::ptr_eq(&self.issuer, &self.issuer_name) { 0 } else { block(self.issuer.len() + COUNTERS) };
        issuer
            + texts.into_iter().flatten().map(|text| block(text.len())).sum::<usize>()
            + sets.into_iter().map(NameSet::bytes).sum::<usize>()
    }
}

impl fmt::Debug for Principal {
    /// The issuer by its configured name, and whether it is a machine. The rest is personal; the name of an issuer with many
    /// tenants holds the caller's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal")
            .field("issuer_name", &self.issuer_name)
            .field("is_machine", &self.is_machine)
            .finish_non_exhaustive()
    }
}
