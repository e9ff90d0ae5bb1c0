//! Routes that are open to everybody on purpose.

use crate::access::Access;
use crate::openapi::restrict;
use utoipa_axum::router::UtoipaMethodRouter;

/// What can be declared public.
///
/// # Example
///
/// ```
/// use countersign::{GuardedRouter, Public};
///
/// #[utoipa::path(get, path = "/prices")]
/// async fn prices() {}
///
/// let router: GuardedRouter = GuardedRouter::new().routes(countersign::routes!(prices).public());
/// assert!(router.build().is_ok());
/// ```
pub trait Public: Sized {
    /// Declares that everybody may call this, without a token.
    ///
    /// # Security
    ///
    /// It opens what nobody has decided; it takes no guard away.
    #[must_use]
    fn public(self) -> Self;
}

impl<S> Public for UtoipaMethodRouter<S> {
    fn public(self) -> Self {
        let (mut schemas, mut paths, methods) = self;
        schemas.extend(restrict(&mut paths, &Access::Public));
        (schemas, paths, methods)
    }
}
