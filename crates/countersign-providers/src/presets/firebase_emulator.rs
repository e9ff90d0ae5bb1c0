//! The Firebase emulator, whose tokens nobody signs.

use crate::preset::provider::Provider;
use crate::presets::firebase::Firebase;

/// A provider about to be weakened, from [`Provider::danger`].
#[derive(Clone, Debug)]
#[must_use = "nothing is weakened yet"]
pub struct DangerousProvider<P>(Provider<P>);

impl Provider<Firebase> {
    /// Gives access to the settings that weaken the project.
    pub fn danger(self) -> DangerousProvider<Firebase> {
        DangerousProvider(self)
    }
}

impl DangerousProvider<Firebase> {
    /// Accepts the tokens of the Firebase emulator, which signs none, instead of Google's: for development. The
    /// emulator's host and port, such as `127.0.0.1:9099`, must be on this machine, or building the verifier fails.
    ///
    /// # Example
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use countersign_core::Verifier;
    /// use countersign_providers::Firebase;
    ///
    /// let emulated = Firebase::project("demo").danger().accept_unsigned_tokens("127.0.0.1:9099");
    /// assert!(Verifier::builder().issuer(emulated).build().await.is_ok());
    /// # });
    /// ```
    ///
    /// # Security
    ///
    /// Any caller who reaches the API can pretend to be any user. See
    /// [`DangerousIssuer::accept_unsigned_tokens`](countersign_core::DangerousIssuer::accept_unsigned_tokens). The
    /// variable `FIREBASE_AUTH_EMULATOR_HOST` is not read, so no environment can open a deployed program.
    pub fn accept_unsigned_tokens(mut self, emulator: impl Into<String>) -> Provider<Firebase> {
        self.0.preset.emulator = Some(emulator.into());
        self.0
    }
}
