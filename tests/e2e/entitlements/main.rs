//! Entitlements from outside the token: their look-up, their cache, and failures.

mod directory;
mod guards;
mod look_ups;
