//! The application's state as the source of the verifier, checked while compiling.

use crate::verifier::Verifier;
use axum::extract::FromRef;
use std::sync::Arc;

/// A state that holds a [`Verifier`]. Implemented for every type that a `Verifier` can be taken from (`FromRef`), and
/// for an `Arc` of it.
///
/// # Example
///
/// ```
/// use axum::extract::FromRef;
/// use axum::{Router, routing::get};
/// use countersign::{CurrentUser, Verifier};
/// use std::sync::Arc;
///
/// struct AppState {
///     verifier: Verifier,
/// }
///
/// // or `#[derive(FromRef)]` on the state, with axum's feature `macros`
/// impl FromRef<AppState> for Verifier {
///     fn from_ref(state: &AppState) -> Self {
///         state.verifier.clone()
///     }
/// }
///
/// async fn me(CurrentUser(claims): CurrentUser) -> String {
///     claims["sub"].to_string()
/// }
///
/// fn app(state: Arc<AppState>) -> Router {
///     Router::new().route("/me", get(me)).with_state(state)
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "the application's state `{Self}` holds no `Verifier`",
    label = "this state holds no `Verifier`",
    note = "pass the verifier with `.with_state(verifier)`, or put it into your state, such as `AppState`, and write \
            `impl FromRef<AppState> for Verifier` (or derive `FromRef`), which serves `Arc<AppState>` as well"
)]
pub trait HasVerifier: Send + Sync {
    /// Returns the verifier.
    fn verifier(&self) -> Verifier;
}

#[diagnostic::do_not_recommend]
impl<S> HasVerifier for S
where
    Verifier: FromRef<S>,
    S: Send + Sync,
{
    fn verifier(&self) -> Verifier {
        Verifier::from_ref(self)
    }
}

/// An application cannot write this for its own state: neither type would be its own.
impl<S> FromRef<Arc<S>> for Verifier
where
    Verifier: FromRef<S>,
{
    fn from_ref(state: &Arc<S>) -> Self {
        Self::from_ref(&**state)
    }
}
