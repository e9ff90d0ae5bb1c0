//! Several verifiers in one application, distinguished by type.

use crate::access::{Access, DescribeAccess};
use crate::verifier::Verifier;
use axum::extract::{FromRef, FromRequestParts};
use http::request::Parts;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// A second verifier, for a part of the API that trusts another issuer. [`By<T, _>`](By) takes it from the state. `T`
/// is a type of the application that names it. [`routes!`](crate::routes) requires the application's main verifier as
/// well.
///
/// # Example
///
/// ```
/// use axum::extract::FromRef;
/// use axum::{Router, routing::get};
/// use countersign::{By, CurrentUser, Principal, RequireGroups, Verifier, VerifierFor};
///
/// countersign::groups! { pub Operators = "operators"; }
///
/// /// The API of our own staff, with an issuer of its own.
/// enum Staff {}
///
/// #[derive(Clone)]
/// struct AppState {
///     customers: Verifier,
///     staff: VerifierFor<Staff>,
/// }
///
/// // or `#[derive(FromRef)]` on the state, with axum's feature `macros`
/// impl FromRef<AppState> for Verifier {
///     fn from_ref(state: &AppState) -> Self {
///         state.customers.clone()
///     }
/// }
///
/// impl FromRef<AppState> for VerifierFor<Staff> {
///     fn from_ref(state: &AppState) -> Self {
///         state.staff.clone()
///     }
/// }
///
/// async fn me(principal: Principal) -> String {
///     principal.subject().to_owned()
/// }
///
/// async fn restart(_: By<Staff, RequireGroups<Operators>>, By(CurrentUser(claims), _): By<Staff, CurrentUser>) -> String {
///     format!("restarted by {}", claims["sub"])
/// }
///
/// let router: Router<AppState> = Router::new().route("/me", get(me)).route("/admin/restart", get(restart));
/// # let _ = router;
/// ```
pub struct VerifierFor<T>(Verifier, PhantomData<fn() -> T>);

impl<T> VerifierFor<T> {
    /// Names a verifier.
    pub fn new(verifier: Verifier) -> Self {
        Self(verifier, PhantomData)
    }

    /// Returns the verifier, for guards on routes and layers.
    pub fn verifier(&self) -> &Verifier {
        &self.0
    }
}

impl<T> Clone for VerifierFor<T> {
    fn clone(&self) -> Self {
        Self::new(self.0.clone())
    }
}

impl<T> fmt::Debug for VerifierFor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VerifierFor").field(&self.0).finish()
    }
}

/// An extractor or guard `E` that uses the verifier named `T` instead of the application's main one; see
/// [`VerifierFor`].
#[derive(Debug)]
pub struct By<T, E>(pub E, pub PhantomData<fn() -> T>);

impl<S, T, E> FromRequestParts<S> for By<T, E>
where
    S: HasVerifierFor<T>,
    E: FromRequestParts<Verifier>,
{
    type Rejection = E::Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let verifier = state.verifier_for();
        E::from_request_parts(parts, &verifier).await.map(|extracted| Self(extracted, PhantomData))
    }
}

impl<T, E: DescribeAccess> DescribeAccess for By<T, E> {
    type Caller = E::Caller;

    fn describe_access() -> Access {
        E::describe_access()
    }
}

/// A state that holds a [`VerifierFor<T>`]. Implemented for every type that one can be taken from (`FromRef`), and for
/// an `Arc` of it.
#[diagnostic::on_unimplemented(
    message = "the application's state `{Self}` holds no `VerifierFor<{T}>`",
    label = "this state holds no verifier of that name",
    note = "put `VerifierFor::<{T}>::new(verifier)` into your state, such as `AppState`, and write \
            `impl FromRef<AppState> for VerifierFor<{T}>` (or derive `FromRef`), which serves `Arc<AppState>` as well"
)]
pub trait HasVerifierFor<T>: Send + Sync {
    /// Returns the verifier of that name.
    fn verifier_for(&self) -> Verifier;
}

#[diagnostic::do_not_recommend]
impl<S, T> HasVerifierFor<T> for S
where
    VerifierFor<T>: FromRef<S>,
    S: Send + Sync,
{
    fn verifier_for(&self) -> Verifier {
        VerifierFor::<T>::from_ref(self).0
    }
}

/// An application cannot write this for its own state: neither type would be its own.
impl<S, T> FromRef<Arc<S>> for VerifierFor<T>
where
    VerifierFor<T>: FromRef<S>,
{
    fn from_ref(state: &Arc<S>) -> Self {
        Self::from_ref(&**state)
    }
}
