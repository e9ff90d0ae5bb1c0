//! The path to a value in the claims, and the shape of the value.

use crate::json::{Json, Object};
use std::fmt;

/// The place of a claim: a name at the top level, or a path through nested objects.
///
/// # Example
///
/// ```
/// use countersign_core::ClaimPath;
///
/// // Dots in a name are part of it: many providers name claims by a URL.
/// let namespaced = ClaimPath::from("https://acme.example/roles");
/// let nested = ClaimPath::from(["realm_access", "roles"]);
/// // Zitadel's roles are the names of an object's members, Kinde's stand in objects of their own.
/// let keys = ClaimPath::from("urn:zitadel:iam:org:project:roles").names();
/// let members = ClaimPath::from("roles").each("key");
/// assert_eq!(members.to_string(), "`roles[].key`");
/// # let _ = (namespaced, nested, keys);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPath {
    steps: Vec<Box<str>>,
    shape: Shape,
}

/// The expected shape, in addition to plain texts and lists of them.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shape {
    Plain,
    /// An object whose members' names count.
    Names,
    /// A list of objects, of each of which one member counts.
    Each(Box<str>),
    /// A list of which the first counts, where one is wanted.
    First,
}

impl From<&str> for ClaimPath {
    fn from(name: &str) -> Self {
        Self { steps: vec![name.into()], shape: Shape::Plain }
    }
}

impl<const N: usize> From<[&str; N]> for ClaimPath {
    fn from(path: [&str; N]) -> Self {
        Self { steps: path.into_iter().map(Box::from).collect(), shape: Shape::Plain }
    }
}

impl ClaimPath {
    /// The value may be an object, too: then the names of its members count, whatever they hold.
    #[must_use]
    pub fn names(mut self) -> Self {
        self.shape = Shape::Names;
        self
    }

    /// The value may be a list of objects, too: then this member of each counts.
    #[must_use]
    pub fn each(mut self, member: impl Into<Box<str>>) -> Self {
        self.shape = Shape::Each(member.into());
        self
    }

    /// The value may be a list, too, where one text is wanted: then its first item counts.
    #[must_use]
    pub fn first(mut self) -> Self {
        self.shape = Shape::First;
        self
    }

    pub(crate) fn is_list(&self) -> bool {
        self.shape == Shape::First
    }

    /// The value at the end of the path; absent where a step is absent or leads through something else than an object.
    pub(crate) fn resolve<'a>(&self, claims: &'a Object<'a>) -> Option<&'a Json<'a>> {
        claims.get_at(&self.steps)
    }

    /// The texts in a value of this place that is not a text itself; `None` where it has another shape.
    pub(crate) fn texts<'a>(&self, value: &'a Json<'a>) -> Option<Vec<&'a str>> {
        match (value, &self.shape) {
            (Json::Array(items), Shape::Plain | Shape::Names | Shape::First) => {
                items.iter().map(Json::as_str).collect()
            }
            (Json::Array(items), Shape::Each(member)) => items
                .iter()
                .map(|item| match item {
                    Json::Object(object) => object.get(member).and_then(Json::as_str),
                    other => other.as_str(),
                })
                .collect(),
            (Json::Object(object), Shape::Names) => Some(object.names().collect()),
            _ => None,
        }
    }
}

impl fmt::Display for ClaimPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.steps.join(" → ");
        match &self.shape {
            Shape::Plain => write!(f, "`{path}`"),
            Shape::First => write!(f, "`{path}` (the first)"),
            Shape::Names => write!(f, "`{path}` (also the names of an object's members)"),
            Shape::Each(member) => write!(f, "`{path}[].{member}`"),
        }
    }
}
