//! The kinds of rejected requests.

use countersign_core::{Expr, TokenError, Unavailable};

/// The kinds of [`Rejection`](crate::Rejection).
///
/// # Example
///
/// ```
/// use countersign::Rejection;
/// use countersign::rejection::RejectionKind;
///
/// fn can_retry(rejection: &Rejection) -> bool {
///     matches!(rejection.kind(), RejectionKind::TemporarilyUnavailable(_))
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RejectionKind {
    /// No credentials were sent, or those of another scheme only: 401.
    MissingToken,
    /// The credentials are not one token: 400. `Bearer` has no token or several, there are two `Authorization` headers,
    /// or two sources have a token.
    InvalidRequest,
    /// The token is in a cookie, and a page of another origin may have sent the request: 403.
    CrossOrigin,
    /// The token was refused: 401. The reason is for logs: do not send it to clients.
    InvalidToken(TokenError),
    /// The caller lacks a requirement: 403. Holds the whole requirement, not only the missing part.
    InsufficientScope(Expr),
    /// The token cannot be verified because a dependency is unavailable: 503.
    TemporarilyUnavailable(Option<Unavailable>),
}
