//! An empty list of requirements would admit everybody.

use countersign::{Any, RequireScopes};

async fn list(_: RequireScopes<Any, ()>) {}


fn main() {}
