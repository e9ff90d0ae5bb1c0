//! Statements of a hand-written document about access: none of them may pass for what is enforced.

use crate::access::Access;
use crate::extension;
use crate::matrix::MatrixRow;
use crate::openapi::{line, operations};
use std::fmt;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Operation, PathItem, Paths};
use utoipa::openapi::{OpenApi, RefOr};

/// A statement of a document that a [`GuardedRouter`](crate::GuardedRouter) cannot answer for.
///
/// # Example
///
/// ```
/// use countersign::{DocumentFault, GuardedRouter, Public};
/// use serde_json::json;
///
/// #[utoipa::path(get, path = "/open", extensions(("x-access" = json!({ "group": "admin" }))))]
/// async fn open() {}
///
/// let undecided = GuardedRouter::<()>::new().routes(countersign::routes!(open).public()).build().unwrap_err();
/// assert_eq!(undecided.faults(), [DocumentFault::AccessByHand { place: "GET /open".to_owned() }]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DocumentFault {
    /// The extension `x-access` is written by hand.
    AccessByHand {
        /// The operation, such as `GET /reports`, or the part of the document.
        place: String,
    },
    /// Summary or description have a line in the form that is kept for what is enforced, and it says something else.
    LineByHand {
        /// The operation.
        place: String,
        /// The line.
        line: String,
    },
    /// An operation is in the document, and no route serves it.
    Unserved {
        /// The operation.
        place: String,
    },
    /// A path refers to operations elsewhere (`$ref`).
    Reference {
        /// The path.
        place: String,
    },
    /// The name of an extension does not begin with `x-`. In the written document it would be a member that it is not.
    MemberByExtension {
        /// The operation, or the part of the document.
        place: String,
        /// The name.
        name: String,
    },
}

impl fmt::Display for DocumentFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AccessByHand { place } => {
                write!(f, "`x-access` of {place} is written by hand: take it out, the build writes what is enforced")
            }
            Self::LineByHand { place, line } => {
                write!(f, "{place} is described with \"{line}\", which is not what is enforced: take the line out")
            }
            Self::Unserved { place } => write!(
                f,
                "{place} is in the document, but no route serves it: route it, take it out, or add the document of \
                 another router after the build"
            ),
            Self::Reference { place } => {
                write!(f, "{place} refers to operations elsewhere (`$ref`): write them in its place, or take it out")
            }
            Self::MemberByExtension { place, name } => {
                write!(f, "the extension `{name}` of {place} does not begin with `x-`: rename it")
            }
        }
    }
}

/// The row of the route that answers an operation of the document.
pub(crate) fn serving<'a>(rows: &'a [MatrixRow], method: &str, path: &str) -> Option<&'a MatrixRow> {
    let row = |method: &str| rows.iter().find(|row| row.path == path && row.method == method);
    // axum answers HEAD with GET's handler, and whatever has no handler of its own with that of `any`.
    row(method).or_else(|| if method == "HEAD" { row("GET") } else { None }).or_else(|| row("ANY"))
}

/// Everything in a document that speaks of access and was not written by the build. `rows` are the routes.
pub(crate) fn faults(openapi: &mut OpenApi, rows: &[MatrixRow]) -> Vec<DocumentFault> {
    let mut faults = Vec::new();
    extensions(openapi.extensions.as_ref(), "the document", &mut faults);
    paths(&mut openapi.paths, "", &mut faults);
    for (path, item) in &mut openapi.paths.paths {
        if item.ref_path.is_some() {
            faults.push(DocumentFault::Reference { place: path.clone() });
        }
        for (method, operation) in operations(item) {
            let place = format!("{method} {path}");
            match serving(rows, method, path) {
                None => faults.push(DocumentFault::Unserved { place }),
                Some(row) => lines(operation, &row.access, &place, &mut faults),
            }
        }
    }
    if let Some(webhooks) = &mut openapi.webhooks {
        paths(webhooks, "the webhook ", &mut faults);
    }
    for (name, item) in openapi.components.iter_mut().flat_map(|components| &mut components.path_items) {
        path_item(item, &format!("the component {name}"), &mut faults);
    }
    faults
}

fn paths(paths: &mut Paths, before: &str, faults: &mut Vec<DocumentFault>) {
    extensions(paths.extensions.as_ref(), "the paths", faults);
    for (path, item) in &mut paths.paths {
        path_item(item, &format!("{before}{path}"), faults);
    }
}

/// The claims of the operations of a path, and of those that their callbacks name.
fn path_item(item: &mut PathItem, place: &str, faults: &mut Vec<DocumentFault>) {
    extensions(item.extensions.as_ref(), place, faults);
    for (method, operation) in operations(item) {
        extensions(operation.extensions.as_ref(), &format!("{method} {place}"), faults);
        for (name, callback) in &mut operation.callbacks {
            let RefOr::T(callback) = callback else { continue };
            for item in callback.values_mut() {
                if let RefOr::T(item) = item {
                    path_item(item, &format!("the callback {name} of {method} {place}"), faults);
                }
            }
        }
    }
}

fn extensions(extensions: Option<&Extensions>, place: &str, faults: &mut Vec<DocumentFault>) {
    if extension::is_in(extensions) {
        faults.push(DocumentFault::AccessByHand { place: place.to_owned() });
    }
    let names = extensions.into_iter().flat_map(|extensions| extensions.keys());
    let mut names: Vec<&String> = names.filter(|name| !name.starts_with("x-")).collect();
    names.sort_unstable();
    faults.extend(
        names.into_iter().map(|name| DocumentFault::MemberByExtension { place: place.to_owned(), name: name.clone() }),
    );
}

/// Lines in the form of the build's own that say something else.
fn lines(operation: &Operation, access: &Access, place: &str, faults: &mut Vec<DocumentFault>) {
    let own = line(access);
    let texts = [&operation.summary, &operation.description];
    for text in texts.into_iter().flatten().flat_map(|text| text.lines()) {
        let text = text.trim();
        if is_reserved(text) && own.as_deref() != Some(text) {
            faults.push(DocumentFault::LineByHand { place: place.to_owned(), line: text.to_owned() });
        }
    }
}

/// Tells whether a line has the form of those that the build writes. Other sentences are their author's.
fn is_reserved(text: &str) -> bool {
    let text = text.trim_matches(|sign: char| sign.is_whitespace() || "*_>#-.".contains(sign));
    let names_a_grant = |rule: &str| {
        let kinds = ["a valid access token", "scope `", "group `", "role `", "permission `"];
        kinds.iter().any(|kind| rule.contains(kind))
    };
    text == "An access token is optional" || text.strip_prefix("Requires ").is_some_and(names_a_grant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_core::Expr;

    #[test]
    fn the_lines_of_the_build_are_reserved_and_other_sentences_are_not() {
        let rule = Expr::Any(vec![Expr::role("r"), Expr::All(vec![Expr::group("g"), Expr::permission("p")])]);
        let own = [Access::Optional, Access::authenticated(), Access::Required(vec![Expr::Any(vec![rule])])];
        for own in own.iter().filter_map(line) {
            assert!(is_reserved(&own) && is_reserved(&format!("**{own}**")), "{own}");
        }
        for others in ["", "Requires a running backup.", "Required scope `read`", "An access token is a string."] {
            assert!(!is_reserved(others), "{others}");
        }
    }
}
