//! [`Access`] as an OpenAPI extension, without loss: OpenAPI has no word for groups and roles. It is written for
//! readers. What is enforced is never read from it.

use crate::access::Access;
use countersign_core::{Expr, Grant};
use serde_json::{Value, json};
use utoipa::openapi::extensions::{Extensions, ExtensionsBuilder};
use utoipa::openapi::path::Operation;

/// The extension's name in an operation.
pub(crate) const NAME: &str = "x-access";

/// Tells whether the extension is among these.
pub(crate) fn is_in(extensions: Option<&Extensions>) -> bool {
    extensions.is_some_and(|extensions| extensions.keys().any(|name| is_name(name)))
}

/// Returns true for the name of the extension, in upper and lower case.
pub(crate) fn is_name(name: &str) -> bool {
    name.eq_ignore_ascii_case(NAME)
}

/// Reads the access that an operation's extension claims, unverified; [`Access::Undecided`] without one.
pub(crate) fn claimed(operation: &Operation) -> Access {
    let value = operation.extensions.as_ref().and_then(|extensions| extensions.get(NAME));
    value.and_then(access).unwrap_or(Access::Undecided)
}

/// Writes the extension of an operation.
pub(crate) fn write(operation: &mut Operation, access: &Access) {
    let addition: Extensions = ExtensionsBuilder::new().add(NAME, to_json(access)).build();
    operation.extensions.get_or_insert_default().merge(addition);
}

/// Formats access as JSON: a word, or an object with the kind of requirement as its member.
pub(crate) fn to_json(access: &Access) -> Value {
    match access {
        Access::Undecided => json!("undecided"),
        Access::Public => json!("public"),
        Access::Optional => json!("optional"),
        Access::Required(exprs) => match &exprs[..] {
            [] => expr_to_json(&Expr::Authenticated),
            [only] => expr_to_json(only),
            _ => expr_to_json(&Expr::All(exprs.clone())),
        },
    }
}

fn expr_to_json(expr: &Expr) -> Value {
    let grant = |kind: &str, grant: &Grant| {
        let mut value = json!({ kind: grant.name });
        if !grant.implied_by.is_empty() {
            value["impliedBy"] = json!(grant.implied_by);
        }
        value
    };
    let list = |kind: &str, parts: &[Expr]| json!({ kind: parts.iter().map(expr_to_json).collect::<Vec<_>>() });
    match expr {
        Expr::Scope(scope) => grant("scope", scope),
        Expr::Group(group) => grant("group", group),
        Expr::Role(role) => grant("role", role),
        Expr::Permission(permission) => grant("permission", permission),
        Expr::Custom(words) => json!({ "custom": words }),
        Expr::All(parts) => list("all", parts),
        Expr::Any(parts) => list("any", parts),
        _ => json!("authenticated"),
    }
}

fn access(value: &Value) -> Option<Access> {
    match value.as_str() {
        Some("undecided") => Some(Access::Undecided),
        Some("public") => Some(Access::Public),
        Some("optional") => Some(Access::Optional),
        Some("authenticated") => Some(Access::authenticated()),
        _ => expr(value).map(|expr| Access::Required(vec![expr])),
    }
}

fn expr(value: &Value) -> Option<Expr> {
    if value == "authenticated" {
        return Some(Expr::Authenticated);
    }
    let implied_by = || {
        let names = value.get("impliedBy").and_then(Value::as_array).into_iter().flatten();
        names.filter_map(Value::as_str).map(str::to_owned).collect::<Vec<String>>()
    };
    let mut members = value.as_object()?.iter().filter(|(kind, _)| *kind != "impliedBy");
    let (Some((kind, content)), None) = (members.next(), members.next()) else { return None };
    let grant = || Some(Grant::new(content.as_str()?.to_owned(), implied_by()));
    let list = || content.as_array()?.iter().map(expr).collect::<Option<Vec<_>>>();
    match kind.as_str() {
        "scope" => grant().map(Expr::Scope),
        "group" => grant().map(Expr::Group),
        "role" => grant().map(Expr::Role),
        "permission" => grant().map(Expr::Permission),
        "custom" => Some(Expr::Custom(content.as_str()?.to_owned().into())),
        "all" => list().map(Expr::All),
        "any" => list().map(Expr::Any),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_on_the_way_through_a_document() {
        let read = Grant::new("read", ["write"]);
        let rule = Expr::Any(vec![
            Expr::Authenticated,
            Expr::All(vec![Expr::Scope(read), Expr::group("g"), Expr::role("r"), Expr::permission("p")]),
            Expr::Custom("on Mondays".into()),
        ]);
        for access in [
            Access::Undecided,
            Access::Public,
            Access::Optional,
            Access::authenticated(),
            Access::Required(vec![rule.clone()]),
            Access::Required(vec![Expr::All(vec![Expr::group("g"), rule])]),
        ] {
            assert_eq!(super::access(&to_json(&access)), Some(access));
        }
    }
}
