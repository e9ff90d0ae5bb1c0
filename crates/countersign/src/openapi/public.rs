//! Routes that are open to everybody on purpose.

/// Declares routes public.
///
/// # Example
///
/// ```
/// use countersign::openapi::PublicExt;
/// use countersign::GuardedRouter;
///
/// #[utoipa::path(get, path = "/prices")]
/// async fn prices() {}
///
/// let router: GuardedRouter = GuardedRouter::new().routes(countersign::routes!(prices).public());
/// assert!(router.build().is_ok());
/// ```
pub trait PublicExt: Sized {
    /// Declares that everybody may call this, without a token.
    ///
    /// # Security
    ///
    /// It opens undecided routes only. It does not remove a guard.
    #[must_use]
    fn public(self) -> Self;
}
