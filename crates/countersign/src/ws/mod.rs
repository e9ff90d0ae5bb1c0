//! Websockets whose caller is known, and that end with the token.

pub(crate) mod same_caller;
pub(crate) mod socket;
pub(crate) mod socket_end;
pub(crate) mod token_expiry;
pub(crate) mod upgrade;

pub use socket::{AuthenticatedSocket, RenewalError};
pub use token_expiry::TokenExpiry;
pub use upgrade::{AuthenticatedUpgrade, BrowserUpgrade, BrowserUpgradeRejection, UpgradeRejection};
