//! All of nothing would let everybody in.

use countersign::{AllOf, Require};

async fn list(_: Require<AllOf<()>>) {}

fn main() {}
