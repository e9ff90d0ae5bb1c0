//! An empty `AllOf` would admit everybody.

use countersign::{AllOf, Require};

async fn list(_: Require<AllOf<()>>) {}

fn main() {}
