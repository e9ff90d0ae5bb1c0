//! From [`Access`] to OpenAPI: `security`, answers and a line to read.

use crate::access::Access;
use crate::openapi::extension;
use countersign_core::Expr;
use std::borrow::Cow;
use std::collections::BTreeMap;
use utoipa::openapi::extensions::Extensions;
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
/// use countersign::openapi::BearerAuth;
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
const PROBLEM: &str = "CountersignProblem";

/// Adds `access` to what every operation of `paths` says already, for reading. Gives the schemas that the operations
/// now use.
pub(crate) fn restrict(paths: &mut Paths, access: &Access) -> Vec<(String, RefOr<Schema>)> {
    for item in paths.paths.values_mut() {
        for (_, operation) in operations(item) {
            let before = extension::claimed(operation);
            let both = before.clone().and(access.clone());
            if before != both {
                erase_line(operation, &before);
                document_operation(operation, &both);
            }
        }
    }
    match access {
        Access::Undecided | Access::Public => Vec::new(),
        Access::Optional | Access::Required(_) => schemas(),
    }
}

/// Returns the schemas that documented operations refer to.
pub(crate) fn schemas() -> Vec<(String, RefOr<Schema>)> {
    vec![(PROBLEM.to_owned(), problem_schema().into())]
}

/// The operations of a path, with their methods.
pub(crate) fn operations(item: &mut PathItem) -> impl Iterator<Item = (&str, &mut Operation)> {
    let (slots, others) = slots(item);
    let others = others.iter_mut().map(|(method, operation)| (method.as_str(), operation));
    slots.into_iter().filter_map(|(method, slot)| Some((method, slot.as_mut()?))).chain(others)
}

/// Puts an operation under its method.
pub(crate) fn put(item: &mut PathItem, method: &str, operation: Operation) {
    let (slots, others) = slots(item);
    match slots.into_iter().find(|(known, _)| *known == method) {
        Some((_, slot)) => *slot = Some(operation),
        None => drop(others.insert(method.to_owned(), operation)),
    }
}

type Slots<'a> = [(&'static str, &'a mut Option<Operation>); 9];

fn slots(item: &mut PathItem) -> (Slots<'_>, &mut BTreeMap<String, Operation>) {
    let slots = [
        ("GET", &mut item.get),
        ("PUT", &mut item.put),
        ("POST", &mut item.post),
        ("DELETE", &mut item.delete),
        ("OPTIONS", &mut item.options),
        ("HEAD", &mut item.head),
        ("PATCH", &mut item.patch),
        ("TRACE", &mut item.trace),
        ("QUERY", &mut item.query),
    ];
    (slots, &mut item.additional_operations)
}

/// Adds another document, with its paths at these places. utoipa's own merge leaves out webhooks and extensions, and
/// with them what must be looked at before the build.
pub(crate) fn add_document(openapi: &mut OpenApi, mut other: OpenApi, place: impl Fn(&str) -> String) {
    let Paths { paths, extensions, .. } = std::mem::take(&mut other.paths);
    for (path, item) in paths {
        add_item(&mut openapi.paths, place(&path), item);
    }
    add_extensions(&mut openapi.paths.extensions, extensions);
    add_extensions(&mut openapi.extensions, other.extensions.take());
    for (name, item) in other.webhooks.take().unwrap_or_default().paths {
        add_item(openapi.webhooks.get_or_insert_default(), name, item);
    }
    if let Some(more) = &mut other.components {
        let components = openapi.components.get_or_insert_default();
        for (name, item) in std::mem::take(&mut more.path_items) {
            components.path_items.entry(name).or_insert(item);
        }
        for (name, callback) in std::mem::take(&mut more.callbacks) {
            components.callbacks.entry(name).or_insert(callback);
        }
        add_extensions(&mut components.extensions, more.extensions.take());
    }
    openapi.merge(other);
}

/// Adds extensions. One that is there already stays.
fn add_extensions(known: &mut Option<Extensions>, more: Option<Extensions>) {
    if let Some(mut more) = more {
        more.merge(known.take().unwrap_or_default());
        *known = Some(more);
    }
}

/// Adds the operations of a path. An existing one stays, with everything that was written into it by hand.
pub(crate) fn add_item(paths: &mut Paths, path: String, mut item: PathItem) {
    let Some(known) = paths.paths.get_mut(&path) else {
        paths.paths.insert(path, item);
        return;
    };
    add_extensions(&mut known.extensions, item.extensions.take());
    known.ref_path = known.ref_path.take().or(item.ref_path.take());
    for (method, more) in operations(&mut item) {
        let more = std::mem::take(more);
        if let Some((_, known)) = operations(known).find(|(name, _)| *name == method) {
            keep_claim(known, more);
        } else {
            put(known, method, more);
        }
    }
}

/// A hand-written `x-access` is an error, so it must not be lost with the operation that it was written into.
fn keep_claim(known: &mut Operation, lost: Operation) {
    if let Some(claim) = lost.extensions.filter(|extensions| extension::is_in(Some(extensions))) {
        known.extensions.get_or_insert_default().merge(claim);
    }
    for (name, callback) in lost.callbacks {
        known.callbacks.entry(name).or_insert(callback);
    }
}

/// Writes the access of an operation into it. It replaces what was written by hand, except descriptions and answers.
pub(crate) fn document_operation(operation: &mut Operation, access: &Access) {
    extension::write(operation, access);
    let text = operation.description.take().unwrap_or_default();
    let line = line(access).filter(|line| text.lines().all(|known| known.trim() != line));
    let paragraphs: Vec<String> =
        [text.trim_end().to_owned()].into_iter().chain(line).filter(|part| !part.is_empty()).collect();
    operation.description = (!paragraphs.is_empty()).then(|| paragraphs.join("\n\n"));
    if *access == Access::Public {
        // Said aloud, since a document may demand a token of every operation that says nothing.
        operation.security = Some(Vec::new());
    }
    if let Access::Optional | Access::Required(_) = access {
        operation.security = Some(security(access, BearerAuth::NAME));
        answer(operation, "401", "No access token, or one that is refused");
    }
    if matches!(access, Access::Required(exprs) if !exprs.is_empty()) {
        answer(operation, "403", "The access token does not grant what this operation requires");
    }
}

/// Takes the line of an earlier access out of a description, where it was the last one.
fn erase_line(operation: &mut Operation, before: &Access) {
    if let (Some(text), Some(line)) = (&mut operation.description, line(before))
        && let Some(rest) = text.strip_suffix(&line)
    {
        *text = rest.trim_end().to_owned();
    }
}

/// The line of description that a person reads.
pub(crate) fn line(access: &Access) -> Option<String> {
    match access {
        Access::Undecided | Access::Public => None,
        Access::Optional => Some("An access token is optional.".to_owned()),
        Access::Required(_) => Some(format!("Requires {access}.")),
    }
}

/// Adds an answer, unless one is written by hand.
pub(crate) fn answer(operation: &mut Operation, status: &str, description: &str) {
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

/// Translates `access` into security requirements under this scheme.
fn security(access: &Access, scheme: &str) -> Vec<SecurityRequirement> {
    let under = |scopes: &ScopeSet| SecurityRequirement::new(scheme, scopes.iter().cloned());
    match access {
        Access::Undecided | Access::Public => Vec::new(),
        Access::Optional => vec![SecurityRequirement::default(), under(&Vec::new())],
        Access::Required(exprs) => alternatives(&Expr::All(exprs.clone())).iter().map(under).collect(),
    }
}

type ScopeSet = Vec<Cow<'static, str>>;

/// So many alternatives are written at most. Beyond, `security` asks for a token only, and extension and description
/// say the rest.
const MAX_ALTERNATIVES: usize = 64;

/// The sets of scopes each of which can be enough: any-of becomes several, all-of one. Groups, roles, permissions and
/// rules of the application's own are no scopes, so they ask for a token and nothing more here.
fn alternatives(expr: &Expr) -> Vec<ScopeSet> {
    let mut sets: Vec<ScopeSet> = match expr {
        Expr::Scope(grant) => grant.names().map(|name| vec![name.clone()]).collect(),
        Expr::Any(parts) => parts.iter().flat_map(alternatives).collect(),
        Expr::All(parts) => parts.iter().fold(vec![Vec::new()], |sets, part| {
            let additions = alternatives(part);
            if sets.len() * additions.len() > MAX_ALTERNATIVES {
                return vec![Vec::new()];
            }
            sets.iter().flat_map(|set| additions.iter().map(move |more| union(set, more))).collect()
        }),
        _ => vec![Vec::new()],
    };
    let mut seen: Vec<ScopeSet> = Vec::new();
    sets.retain(|set| {
        let mut sorted = set.clone();
        sorted.sort_unstable();
        let is_new = !seen.contains(&sorted);
        seen.push(sorted);
        is_new
    });
    if sets.len() > MAX_ALTERNATIVES { vec![Vec::new()] } else { sets }
}

fn union(set: &ScopeSet, more: &ScopeSet) -> ScopeSet {
    set.iter().chain(more.iter().filter(|scope| !set.contains(scope))).cloned().collect()
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
        let (a, b, c) = (Expr::scope("a"), Expr::scope("b"), Expr::scope("c"));
        let group = Expr::group("admin");
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
