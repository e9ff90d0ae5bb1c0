//! The operations. The first arguments of each say who may call it.

use crate::public_user::PublicUser;
use crate::{Admin, Manager, ReadReports, WriteReports};
use axum::Json;
use axum::extract::Path;
use axum::http::StatusCode;
use countersign::{All, AllOf, Any, CurrentUser, Group, Principal, Require, RequireGroups, RequireScopes, Scope};
use serde::Serialize;
use utoipa::ToSchema;

/// A report.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Report {
    id: u32,
    title: &'static str,
}

/// Open to everybody.
#[utoipa::path(get, path = "/public", responses((status = OK, description = "a greeting", body = str)))]
pub(crate) async fn public() -> &'static str {
    "open to everybody"
}

/// The caller, or null.
#[utoipa::path(get, path = "/optional", responses((status = OK, description = "the caller, or null", body = Option<PublicUser>)))]
pub(crate) async fn optional(principal: Option<Principal>, user: Option<CurrentUser>) -> Json<Option<PublicUser>> {
    Json(principal.zip(user).map(|(principal, user)| PublicUser::new(&principal, user)))
}

/// The caller.
#[utoipa::path(get, path = "/me", responses((status = OK, description = "the caller", body = PublicUser)))]
pub(crate) async fn me(principal: Principal, user: CurrentUser) -> Json<PublicUser> {
    Json(PublicUser::new(&principal, user))
}

/// Greets admins.
#[utoipa::path(get, path = "/admin", responses((status = OK, description = "a greeting", body = str)))]
pub(crate) async fn admin(_: RequireGroups<Admin>) -> &'static str {
    "for admins"
}

/// Greets admins and managers.
#[utoipa::path(get, path = "/staff", responses((status = OK, description = "a greeting", body = str)))]
pub(crate) async fn staff(_: RequireGroups<Any, (Admin, Manager)>) -> &'static str {
    "for admins and managers"
}

/// All reports.
#[utoipa::path(get, path = "/reports", responses((status = OK, description = "the reports", body = [Report])))]
pub(crate) async fn list_reports(_: RequireScopes<Any, (ReadReports, WriteReports)>) -> Json<Vec<Report>> {
    Json(vec![Report { id: 1, title: "first quarter" }, Report { id: 2, title: "second quarter" }])
}

/// Publishes a report.
#[utoipa::path(post, path = "/reports", responses((status = CREATED, description = "the new report", body = Report)))]
pub(crate) async fn publish_report(_: RequireScopes<All, (ReadReports, WriteReports)>) -> (StatusCode, Json<Report>) {
    (StatusCode::CREATED, Json(Report { id: 3, title: "third quarter" }))
}

/// Deletes a report.
#[utoipa::path(delete, path = "/reports/{id}", params(("id" = u32, Path)), responses((status = NO_CONTENT, description = "the report is gone")))]
pub(crate) async fn purge_report(
    _: Require<AllOf<(Group<Admin>, Scope<WriteReports>)>>,
    Path(_id): Path<u32>,
) -> StatusCode {
    StatusCode::NO_CONTENT
}
