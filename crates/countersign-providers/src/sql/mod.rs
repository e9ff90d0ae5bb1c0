//! Entitlements from tables of a SQL database.

pub(crate) mod database;
pub(crate) mod grants;
pub(crate) mod table;
