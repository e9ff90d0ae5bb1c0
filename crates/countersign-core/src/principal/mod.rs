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

/// The caller: the verified, provider-neutral view of a token. Only a verified token gives one.
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
    /// The advice for the operator, if the token leaves groups out.
    pub(crate) groups_left_out: Option<&'static str>,
    pub(crate) is_machine: bool,
}

impl Principal {
    /// The issuer of the token: its `iss`, or the first of the names of an issuer that has several. A subject is unique only
    /// together with its issuer.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The application's name for the issuer ([`Issuer::named`](crate::Issuer::named)), otherwise its `iss`.
    pub fn issuer_name(&self) -> &str {
        &self.issuer_name
    }

    /// The `sub` of the token, or what its claim map puts in its place; never empty.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The user name. It can be given to another user: do not authorise by it.
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

    /// The scopes: the client may do these things on behalf of the user.
    pub fn scopes(&self) -> &NameSet {
        &self.scopes
    }

    /// The groups that the provider says the user is in; see [`groups_left_out`](Self::groups_left_out).
    pub fn groups(&self) -> &NameSet {
        &self.groups
    }

    /// True if the token says that it leaves groups of the user out, since there are too many (Entra ID's overage). A guard then
    /// answers as if the user were in none of them, and logs a warning, unless groups are
    /// [looked up](crate::VerifierBuilder::entitlements).
    pub fn groups_left_out(&self) -> bool {
        self.groups_left_out.is_some()
    }

    /// The roles that the provider gave the user.
    pub fn roles(&self) -> &NameSet {
        &self.roles
    }

    /// The permissions that the provider gave the user.
    pub fn permissions(&self) -> &NameSet {
        &self.permissions
    }

    /// True if the token is a program's (client credentials), as opposed to a person's.
    pub fn is_machine(&self) -> bool {
        self.is_machine
    }
}

impl Principal {
    /// The memory that it holds.
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
