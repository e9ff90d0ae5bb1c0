//! Routes that are open to everybody on purpose.

/// What can be declared public.
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
    /// It opens what nobody has decided; it takes no guard away.
    #[must_use]
    fn public(self) -> Self;
}
