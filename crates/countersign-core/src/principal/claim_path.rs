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
/// // Zitadel's roles are the member names of one object. Each of Kinde's roles is a separate object.
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
    /// An object. The names of its members are the values.
    Names,
    /// A list of objects. One member of each object is a value.
    Each(Box<str>),
    /// A list for a part with a single value. The first item is the value.
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
    /// Also accepts an object. The names of its members are the values, and their content is ignored.
    #[must_use]
    pub fn names(mut self) -> Self {
        self.shape = Shape::Names;
        self
    }

    /// Also accepts a list of objects. This member of each object is a value.
    #[must_use]
    pub fn each(mut self, member: impl Into<Box<str>>) -> Self {
        self.shape = Shape::Each(member.into());
        self
    }

    /// Also accepts a list for a part with a single value. The first item is the value.
    #[must_use]
    pub fn first(mut self) -> Self {
        self.shape = Shape::First;
        self
    }

    pub(crate) fn is_list(&self) -> bool {
        self.shape == Shape::First
    }

    /// The value at the end of the path. It is absent if a step is absent or is not an object.
    pub(crate) fn resolve<'a>(&self, claims: &'a Object<'a>) -> Option<&'a Json<'a>> {
        claims.get_at(&self.steps)
    }

    /// The texts in a list or object at this path. `None` if the value does not have the expected shape.
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
