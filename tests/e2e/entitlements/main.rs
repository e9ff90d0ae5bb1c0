//! Entitlements from outside of the token: when they are looked up, what is kept of them, and what happens when they cannot be had.

mod directory;
mod guards;
mod look_ups;
