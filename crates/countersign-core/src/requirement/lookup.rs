//! The moment at which a requirement needs entitlements from outside the token.

/// The need of a requirement for a look-up of entitlements.
///
/// # Example
///
/// ```
/// use countersign_core::{AllOf, Groups, Lookup, Requirement, Scopes, Select};
///
/// countersign_core::scopes! { pub Write = "write"; }
/// countersign_core::groups! { pub Admin = "admin"; }
///
/// assert_eq!(Select::<Scopes, Write>::LOOKUP, Lookup::Never);
/// assert_eq!(AllOf::<(Select<Scopes, Write>, Select<Groups, Admin>)>::LOOKUP, Lookup::IfDenied);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lookup {
    /// Never looks up. The requirement reads nothing that an [`EntitlementsProvider`](crate::EntitlementsProvider) can
    /// add to.
    Never,
    /// Looks up if the token alone is not enough. The requirement reads groups, roles or permissions, and additional
    /// ones can never turn acceptance into denial.
    IfDenied,
    /// Always looks up first. The requirement may read any part of the principal.
    Always,
}

impl Lookup {
    /// The need of two requirements together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Always, _) | (_, Self::Always) => Self::Always,
            (Self::IfDenied, _) | (_, Self::IfDenied) => Self::IfDenied,
            (Self::Never, Self::Never) => Self::Never,
        }
    }
}
