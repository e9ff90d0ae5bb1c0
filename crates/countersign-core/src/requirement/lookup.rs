//! What a requirement looks at, and with it whether grants from outside of the token can change its verdict.

/// What a requirement looks at.
///
/// # Example
///
/// ```
/// use countersign_core::{AllOf, Groups, Reach, Requirement, Scopes, Select};
///
/// countersign_core::scopes! { pub Write = "write"; }
/// countersign_core::groups! { pub Admin = "admin"; }
///
/// assert_eq!(Select::<Scopes, Write>::REACH, Reach::Token);
/// assert_eq!(AllOf::<(Select<Scopes, Write>, Select<Groups, Admin>)>::REACH, Reach::Grants);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reach {
    /// Only what no [`GrantsProvider`](crate::GrantsProvider) adds to: nothing is ever looked up.
    Token,
    /// Groups, roles or permissions, and more of them never turn a yes into a no: nothing is looked up when the token is
    /// enough.
    Grants,
    /// Anything about the principal: grants are always looked up first.
    Anything,
}

impl Reach {
    /// The reach of two requirements together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Anything, _) | (_, Self::Anything) => Self::Anything,
            (Self::Grants, _) | (_, Self::Grants) => Self::Grants,
            (Self::Token, Self::Token) => Self::Token,
        }
    }
}
