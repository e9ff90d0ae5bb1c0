//! Where the extractors take their verifier from: the application's state, checked while compiling.

use axum::extract::FromRef;
use countersign_core::Verifier;

/// A state that holds a [`Verifier`]. Implemented for every type that a `Verifier` can be taken from (`FromRef`).
///
/// # Example
///
/// ```
/// use axum::extract::FromRef;
/// use countersign::Verifier;
///
/// #[derive(Clone)]
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
/// ```
#[diagnostic::on_unimplemented(
    message = "the application's state `{Self}` holds no `Verifier`",
    label = "this state holds no `Verifier`",
    note = "pass the verifier with `.with_state(verifier)`, or put it into your state and derive `FromRef` for that \
            (or write `impl FromRef<{Self}> for Verifier`)"
)]
pub trait HasVerifier: Send + Sync {
    /// The verifier.
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

/// Never made. Were `Verifier` itself the only state that holds one, the compiler would conclude that any app's state
/// is a `Verifier`, and say "mismatched types" where it should say [`HasVerifier`]'s message.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub enum NoConclusion {}

impl FromRef<NoConclusion> for Verifier {
    fn from_ref(state: &NoConclusion) -> Self {
        match *state {}
    }
}
