//! What a requirement looks at, and with it whether grants from outside of the token can change its verdict.

/// What a requirement looks at.
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
    /// Only what no [`EntitlementsProvider`](crate::EntitlementsProvider) adds to: nothing is ever looked up.
    Never,
    /// Groups, roles or permissions, and more of them never turn a yes into a no: nothing is looked up when the token is
    /// enough.
    IfDenied,
    /// Anything about the principal: grants are always looked up first.
    Always,
}

impl Lookup {
    /// The reach of two requirements together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Always, _) | (_, Self::Always) => Self::Always,
            (Self::IfDenied, _) | (_, Self::IfDenied) => Self::IfDenied,
            (Self::Never, Self::Never) => Self::Never,
        }
    }
}
