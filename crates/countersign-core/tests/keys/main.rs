//! Fetched keys, tested with paused time and a provider that the tests control.

mod incident;
mod life;
mod provider;
mod schedules;
mod sharing;
mod under_fire;
