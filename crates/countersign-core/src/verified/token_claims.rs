//! The claims of a verified token as an application's types.

use crate::error::TokenError;
use crate::verified::token::VerifiedToken;
use crate::verified::weighing;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// The assumed memory of claims whose type is not measured, in bytes for each byte of their text.
const UNSEEN_FACTOR: usize = 8;

/// A type that the claims of a token can be read as: any deserializable type, or an enum of
/// [`claims_by_issuer!`](crate::claims_by_issuer).
#[diagnostic::on_unimplemented(
    message = "claims cannot be read as `{Self}`",
    label = "not a type of claims",
    note = "derive `serde::Deserialize` for it, or declare it with `claims_by_issuer!`"
)]
pub trait TokenClaims: Sized + Send + Sync + 'static {
    /// Reads the claims from a verified token.
    ///
    /// # Errors
    ///
    /// [`TokenError::ClaimsMismatch`] if the claims do not fit.
    fn read(token: &VerifiedToken) -> Result<Self, TokenError>;

    /// Reads the claims and returns the memory that they use in addition to their own size, in bytes. It counts
    /// towards the limit of the token cache. A deserializable type is measured. The default for any other type is
    /// eight times the text of the claims.
    ///
    /// # Errors
    ///
    /// [`TokenError::ClaimsMismatch`] if the claims do not fit.
    ///
    /// # Example
    ///
    /// ```
    /// use countersign_core::{TokenClaims, TokenError, VerifiedToken};
    ///
    /// struct Level(u8);
    ///
    /// impl TokenClaims for Level {
    ///     fn read(token: &VerifiedToken) -> Result<Self, TokenError> {
    ///         Ok(Self(token.principal().roles().len().min(9) as u8))
    ///     }
    ///
    ///     fn read_weighed(token: &VerifiedToken) -> Result<(Self, usize), TokenError> {
    ///         Ok((Self::read(token)?, 0)) // it holds no memory
    ///     }
    /// }
    /// ```
    ///
    /// # Security
    ///
    /// The limit of the cache is only as accurate as this number. Do not return less than the used memory.
    fn read_weighed(token: &VerifiedToken) -> Result<(Self, usize), TokenError> {
        Ok((Self::read(token)?, token.unseen_bytes()))
    }
}

impl<C: DeserializeOwned + Send + Sync + 'static> TokenClaims for C {
    fn read(token: &VerifiedToken) -> Result<Self, TokenError> {
        token.deserialize()
    }

    fn read_weighed(token: &VerifiedToken) -> Result<(Self, usize), TokenError> {
        token.deserialize_weighed()
    }
}

impl VerifiedToken {
    /// The claims as `C`: deserialized at the first call for each type, then shared.
    ///
    /// # Errors
    ///
    /// [`TokenError::ClaimsMismatch`] when the claims do not fit `C`. A missing claim is an error unless `C` has a
    /// default for it.
    pub fn claims<C: TokenClaims>(&self) -> Result<Arc<C>, TokenError> {
        self.typed().get_or_make(|| C::read_weighed(self), || self.reweigh())
    }

    /// The claims as `C`, not shared, for custom [`TokenClaims`].
    ///
    /// # Errors
    ///
    /// [`TokenError::ClaimsMismatch`] when the claims do not fit `C`.
    pub fn deserialize<C: DeserializeOwned>(&self) -> Result<C, TokenError> {
        self.fitting(serde_json::from_str(self.payload()))
    }

    /// The claims as `C`, not shared, and the memory that they hold in addition to their own size, in bytes, for a
    /// custom [`TokenClaims::read_weighed`].
    ///
    /// For derived types, types of the standard library and `serde_json::Value` the result is an upper bound. In some
    /// cases the type of a value is unknown while it is read: with `flatten`, with enums that are not externally
    /// tagged, and in a custom visitor that uses `deserialize_any`. Each such value counts as 256 bytes, and as 1024
    /// from the 33rd on. Memory that a type adds itself by a default or a conversion is not counted.
    ///
    /// # Errors
    ///
    /// [`TokenError::ClaimsMismatch`] when the claims do not fit `C`.
    pub fn deserialize_weighed<C: DeserializeOwned>(&self) -> Result<(C, usize), TokenError> {
        self.fitting(weighing::read::<C>(self.payload()))
    }

    fn fitting<C>(&self, read: Result<C, serde_json::Error>) -> Result<C, TokenError> {
        read.map_err(|error| {
            // The message of another error may quote a claim's value, so only the position is logged.
            let message = error.to_string();
            let missing = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
            tracing::debug!(
                target: "countersign::claims",
                r#type = std::any::type_name::<C>(), missing, column = error.column(),
                "verified claims do not fit the handler's type"
            );
            TokenError::ClaimsMismatch
        })
    }

    /// The assumed memory of claims that are not measured.
    pub(crate) fn unseen_bytes(&self) -> usize {
        UNSEEN_FACTOR * self.payload().len()
    }
}
