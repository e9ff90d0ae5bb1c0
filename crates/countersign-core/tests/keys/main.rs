//! Keys that are fetched, under paused time and a provider that does as it is told.

mod incident;
mod life;
mod provider;
mod schedules;
mod sharing;
mod under_fire;
