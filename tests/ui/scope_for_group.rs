//! A scope instead of a group.

use countersign::RequireGroups;

countersign::scopes! { pub ReadReports = "reports:read"; }

async fn admin(_: RequireGroups<ReadReports>) {}

fn main() {}
