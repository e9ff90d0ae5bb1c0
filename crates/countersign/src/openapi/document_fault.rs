//! Statements of a hand-written document about access: none of them may pass for what is enforced.

use crate::openapi::extension;
use crate::openapi::matrix::MatrixRow;
use crate::openapi::operation::{line, operations};
use std::collections::BTreeMap;
use std::fmt;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Callback, PathItem, Paths};
use utoipa::openapi::{OpenApi, RefOr};

/// A statement of a document that a [`GuardedRouter`](crate::GuardedRouter) cannot answer for.
///
/// # Example
///
/// ```
/// use countersign::openapi::{DocumentFault, PublicExt};
/// use countersign::GuardedRouter;
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
    // axum answers HEAD with GET's handler, and methods without a handler with that of `any`.
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
        let of_all = [item.summary.clone(), item.description.clone()];
        for (method, operation) in operations(item) {
            let place = format!("{method} {path}");
            let Some(row) = serving(rows, method, path) else {
                faults.push(DocumentFault::Unserved { place });
                continue;
            };
            let own = line(&row.access);
            let texts = of_all.iter().chain([&operation.summary, &operation.description]);
            faults.extend(
                texts
                    .flatten()
                    .filter_map(|text| imitation(text, own.as_deref()))
                    .map(|line| DocumentFault::LineByHand { place: place.clone(), line }),
            );
        }
    }
    if let Some(webhooks) = &mut openapi.webhooks {
        paths(webhooks, "the webhook ", &mut faults);
    }
    if let Some(components) = &mut openapi.components {
        extensions(components.extensions.as_ref(), "the components", &mut faults);
        for (name, item) in &mut components.path_items {
            path_item(item, &format!("the component {name}"), &mut faults);
        }
        callbacks(&mut components.callbacks, "the components", &mut faults);
    }
    faults
}

fn paths(paths: &mut Paths, before: &str, faults: &mut Vec<DocumentFault>) {
    extensions(paths.extensions.as_ref(), "the paths", faults);
    for (path, item) in &mut paths.paths {
        // A document that was read from JSON has its extensions here among the paths.
        if extension::is_name(path) {
            faults.push(DocumentFault::AccessByHand { place: "the paths".to_owned() });
        }
        path_item(item, &format!("{before}{path}"), faults);
    }
}

/// The claims of the operations of a path, and of those that their callbacks name.
fn path_item(item: &mut PathItem, place: &str, faults: &mut Vec<DocumentFault>) {
    extensions(item.extensions.as_ref(), place, faults);
    for (method, operation) in operations(item) {
        extensions(operation.extensions.as_ref(), &format!("{method} {place}"), faults);
        callbacks(&mut operation.callbacks, &format!("{method} {place}"), faults);
    }
}

fn callbacks(callbacks: &mut BTreeMap<String, RefOr<Callback>>, place: &str, faults: &mut Vec<DocumentFault>) {
    for (name, callback) in callbacks {
        let RefOr::T(callback) = callback else { continue };
        for item in callback.values_mut() {
            if let RefOr::T(item) = item {
                path_item(item, &format!("the callback {name} of {place}"), faults);
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

/// The first sentence in the form of those that the build writes, unless it is the operation's own. Other sentences are
/// their author's.
fn imitation(text: &str, own: Option<&str>) -> Option<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let beginnings = [REQUIRES, OPTIONAL].into_iter().flat_map(|words| text.match_indices(words));
    let mut sentences = beginnings
        .filter(|(at, _)| !text[..*at].ends_with(char::is_alphanumeric))
        .map(|(at, _)| &text[at..])
        .filter(|rest| !own.is_some_and(|own| begins_with(rest, own)))
        .filter_map(|rest| rest.split(". ").next())
        .filter(|sentence| sentence.starts_with(OPTIONAL) || RULES.iter().any(|rule| sentence.contains(rule)));
    sentences.next().map(str::to_owned)
}

const REQUIRES: &str = "Requires ";
const OPTIONAL: &str = "An access token is optional";
/// One of these is in every rule that is no sentence of the application's own.
const RULES: [&str; 5] = ["a valid access token", "scope `", "group `", "role `", "permission `"];

/// Tells whether a text begins with this sentence, and not with a longer one.
fn begins_with(text: &str, sentence: &str) -> bool {
    let words = sentence.trim_end_matches('.');
    text.strip_prefix(words).is_some_and(|rest| matches!(rest.chars().next(), None | Some('.')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Access;
    use countersign_core::Expr;

    #[test]
    fn a_sentence_of_the_builds_own_form_must_be_true() {
        let rule = Expr::Any(vec![Expr::role("r"), Expr::All(vec![Expr::group("g"), Expr::permission("p")])]);
        let all = [Access::Optional, Access::authenticated(), Access::Required(vec![rule])];
        for access in &all {
            let own = line(access).unwrap();
            for text in [own.clone(), format!("Reports. **{own}** See there."), own.replace(' ', "\n")] {
                assert_eq!(imitation(&text, Some(&own)), None, "{text}");
                for other in [None, Some("Requires scope `other`.")] {
                    assert!(imitation(&text, other).is_some(), "{text} for {other:?}");
                }
            }
            assert!(imitation(&format!("{} and scope `s`.", own.trim_end_matches('.')), Some(&own)).is_some(), "{own}");
        }
        for theirs in
            ["", "Requires a running backup.", "A report requires scope `read`.", "An access token is a string."]
        {
            assert_eq!(imitation(theirs, None), None, "{theirs}");
        }
    }
}
