//! An optional user in addition to a guard that requires a user.

use countersign::{CurrentUser, RequireGroups, Verifier, routes};
use utoipa_axum::router::OpenApiRouter;

countersign::groups! { pub Admin = "admin"; }

#[utoipa::path(get, path = "/")]
async fn admin(_: Option<CurrentUser>, _: RequireGroups<Admin>) {}

fn main() {
    let _: OpenApiRouter<Verifier> = OpenApiRouter::new().routes(routes!(admin).into());
}
