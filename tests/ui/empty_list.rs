//! A requirement of nothing would let everybody in.

use countersign::{Any, RequireScopes};

async fn list(_: RequireScopes<Any, ()>) {}


fn main() {}
