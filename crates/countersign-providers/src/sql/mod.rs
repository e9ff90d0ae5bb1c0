//! Entitlements from tables of a SQL database.

pub(crate) mod database;
pub(crate) mod entitlements;
pub(crate) mod table;
