//! Keys that are fetched, under paused time and a provider that does as it is told.

mod life;
mod provider;
mod schedules;
mod under_fire;
