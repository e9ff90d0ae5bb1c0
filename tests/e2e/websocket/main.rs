//! Websockets, tested with an independent client. Tests of expiry run in memory, with paused time.

mod ends;
mod halves;
mod renewals;
mod upgrades;
mod world;
