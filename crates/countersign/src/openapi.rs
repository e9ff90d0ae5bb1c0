//! From [`Access`] to OpenAPI: `security`, answers and a line to read.

use crate::access::Access;
use countersign_core::Expr;
use utoipa::openapi::path::{Operation, PathItem, Paths};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder};
use utoipa::{Modify, openapi};

/// Adds the security scheme that the operations of [`routes!`](crate::routes) refer to.
///
/// # Example
///
/// ```
/// use countersign::BearerAuth;
/// use utoipa::OpenApi;
///
/// #[derive(OpenApi)]
/// #[openapi(modifiers(&BearerAuth))]
/// struct ApiDoc;
///
/// assert!(ApiDoc::openapi().to_json()?.contains(BearerAuth::NAME));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct BearerAuth;

impl BearerAuth {
    /// The scheme's name in the document.
    pub const NAME: &str = "bearerAuth";
}

impl Modify for BearerAuth {
    fn modify(&self, openapi: &mut OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        openapi
            .components
            .get_or_insert_default()
            .security_schemes
            .entry(Self::NAME.to_owned())
            .or_insert(SecurityScheme::Http(scheme).into());
    }
}

/// The name of the schema of problem details.
const PROBLEM: &str = "Problem";

/// Writes `access` into every operation of `paths`.
pub(crate) fn document(schemas: &mut Vec<(String, RefOr<Schema>)>, paths: &mut Paths, access: &Access) {
    if *access == Access::Open {
        return;
    }
    schemas.push((PROBLEM.to_owned(), problem_schema().into()));
    for item in paths.paths.values_mut() {
        for operation in operations(item) {
            document_operation(operation, access);
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.options,
        &mut item.head,
        &mut item.patch,
        &mut item.trace,
    ]
    .into_iter()
    .flatten()
}

fn document_operation(operation: &mut Operation, access: &Access) {
    operation.security = Some(security(access));
    let line = match access {
        Access::Required(exprs) if !exprs.is_empty() => {
            format!("Requires {}.", Expr::All(exprs.clone()))
        }
        Access::Required(_) => "Requires a valid access token.".to_owned(),
        _ => "An access token is optional.".to_owned(),
    };
    operation.description = Some(match operation.description.take() {
        Some(text) if !text.is_empty() => format!("{text}\n\n{line}"),
        _ => line,
    });
    answer(operation, "401", "No access token, or one that is refused");
    if matches!(access, Access::Required(exprs) if !exprs.is_empty()) {
        answer(operation, "403", "The access token does not grant what this operation requires");
    }
}

/// Adds an answer, unless one is written by hand.
fn answer(operation: &mut Operation, status: &str, description: &str) {
    operation.responses.responses.entry(status.to_owned()).or_insert_with(|| {
        ResponseBuilder::new()
            .description(description)
            .content(
                "application/problem+json",
                ContentBuilder::new().schema(Some(Ref::from_schema_name(PROBLEM))).build(),
            )
            .header(
                "WWW-Authenticate",
                openapi::HeaderBuilder::new()
                    .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
                    .description(Some("The challenge (RFC 6750)"))
                    .build(),
            )
            .build()
            .into()
    });
}

fn security(access: &Access) -> Vec<SecurityRequirement> {
    match access {
        Access::Open => Vec::new(),
        Access::Optional => {
            vec![SecurityRequirement::default(), SecurityRequirement::new::<_, [&str; 0], _>(BearerAuth::NAME, [])]
        }
        Access::Required(exprs) => alternatives(&Expr::All(exprs.clone()))
            .into_iter()
            .map(|scopes| SecurityRequirement::new(BearerAuth::NAME, scopes))
            .collect(),
    }
}

/// The sets of scopes each of which can be enough: any-of becomes several, all-of one. Groups, roles and permissions
/// are no scopes, so they ask for a token and nothing more here; the description says them.
fn alternatives(expr: &Expr) -> Vec<Vec<&'static str>> {
    let mut sets = match expr {
        Expr::Scope(name) => vec![vec![*name]],
        Expr::Any(parts) => parts.iter().flat_map(alternatives).collect(),
        Expr::All(parts) => parts.iter().fold(vec![Vec::new()], |sets, part| {
            let additions = alternatives(part);
            sets.iter().flat_map(|set| additions.iter().map(move |more| union(set, more))).collect()
        }),
        _ => vec![Vec::new()],
    };
    let mut seen: Vec<Vec<&str>> = Vec::new();
    sets.retain(|set| {
        let mut sorted = set.clone();
        sorted.sort_unstable();
        let is_new = !seen.contains(&sorted);
        seen.push(sorted);
        is_new
    });
    sets
}

fn union(set: &[&'static str], more: &[&'static str]) -> Vec<&'static str> {
    let mut union = set.to_vec();
    union.extend(more.iter().filter(|scope| !set.contains(scope)));
    union
}

fn problem_schema() -> Schema {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    ObjectBuilder::new()
        .description(Some("Problem details (RFC 9457)"))
        .property("type", text())
        .property("title", text())
        .property("status", ObjectBuilder::new().schema_type(Type::Integer))
        .property("code", text().description(Some("Stable: programs can tell cases apart by it")))
        .property("detail", text())
        .required("title")
        .required("status")
        .required("code")
        .build()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_of_becomes_alternatives_and_all_of_one_object() {
        let (a, b, c) = (Expr::Scope("a"), Expr::Scope("b"), Expr::Scope("c"));
        let group = Expr::Group("admin");
        for (expr, expected) in [
            (Expr::Any(vec![a.clone(), b.clone()]), vec![vec!["a"], vec!["b"]]),
            (Expr::All(vec![a.clone(), b.clone()]), vec![vec!["a", "b"]]),
            (Expr::All(vec![Expr::Any(vec![a.clone(), b.clone()]), c.clone()]), vec![vec!["a", "c"], vec!["b", "c"]]),
            (Expr::All(vec![group.clone(), a.clone()]), vec![vec!["a"]]),
            (Expr::Any(vec![group.clone(), group.clone()]), vec![vec![]]),
            (Expr::Any(vec![group, a.clone()]), vec![vec![], vec!["a"]]),
            (
                Expr::All(vec![Expr::Any(vec![a.clone(), b.clone()]), Expr::Any(vec![b, a])]),
                vec![vec!["a", "b"], vec!["a"], vec!["b"]],
            ),
            (Expr::All(vec![]), vec![vec![]]),
        ] {
            assert_eq!(alternatives(&expr), expected, "{expr}");
        }
    }
}
