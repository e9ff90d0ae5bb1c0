//! Websockets, met by a client of another make. What is about time runs in memory, where time can be paused.

mod ends;
mod halves;
mod renewals;
mod upgrades;
mod world;
