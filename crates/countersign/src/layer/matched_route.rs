//! The route that axum has matched, and the parts of a pattern.

use axum::extract::{MatchedPath, NestedPath};
use http::request::Parts;

/// The matched route in the words of the router that the layer is on: without the place where this router is nested.
///
/// `None` is "not known": axum tells no route for nested services and for fallbacks. A router that another router's
/// route calls as a service is told both routes in one text, or the outer one alone. A text that does not fit the path
/// is therefore not believed.
pub(crate) fn matched_route(parts: &Parts) -> Option<&str> {
    let matched = parts.extensions.get::<MatchedPath>()?.as_str();
    let route = match parts.extensions.get::<NestedPath>() {
        None => matched,
        Some(nested) => below(nested.as_str(), matched)?,
    };
    fits(route, parts.uri.path()).then_some(route)
}

fn below<'a>(nested: &str, matched: &'a str) -> Option<&'a str> {
    let route = matched.strip_prefix(nested)?;
    (nested.ends_with('/') || route.is_empty() || route.starts_with('/')).then_some(route)
}

/// True if axum can have matched this path by this route.
fn fits(route: &str, path: &str) -> bool {
    let (mut route, mut path) = (segments(route), segments(path));
    loop {
        return match (route.next().map(Segment::of), path.next()) {
            (None, None) => true,
            (Some(Segment::Rest), Some(_)) => route.next().is_none(),
            (Some(segment), Some(text)) if segment.fits(text) => continue,
            _ => false,
        };
    }
}

/// The segments of a pattern or path, whether it begins with a slash or not.
pub(crate) fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.strip_prefix('/').unwrap_or(path).split('/')
}

/// A segment of a pattern of axum. Its texts are as they are written: `{{` is a brace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Segment<'a> {
    Fixed(&'a str),
    Parameter { before: &'a str, after: &'a str },
    Rest,
}

impl<'a> Segment<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        let mut from = 0;
        while let Some((open, after)) = text[from..].find('{').map(|found| (from + found, from + found + 1)) {
            if text[after..].starts_with('{') {
                from = after + 1;
                continue;
            }
            let name = text[after..].split('}').next().unwrap_or_default();
            if name.starts_with('*') {
                return Self::Rest;
            }
            let end = text.len().min(after + name.len() + 1);
            return Self::Parameter { before: &text[..open], after: &text[end..] };
        }
        Self::Fixed(text)
    }

    fn fits(self, text: &str) -> bool {
        match self {
            Self::Rest => true,
            Self::Fixed(fixed) if !fixed.contains(['{', '}']) => fixed == text,
            Self::Fixed(fixed) => plain(fixed) == text,
            Self::Parameter { before, after } => {
                let inner = text.strip_prefix(&*plain(before)).and_then(|rest| rest.strip_suffix(&*plain(after)));
                inner.is_some_and(|inner| !inner.is_empty())
            }
        }
    }
}

fn plain(text: &str) -> String {
    text.replace("{{", "{").replace("}}", "}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_fits_the_paths_that_axum_matches_by_it() {
        for (route, path, expected) in [
            ("/", "/", true),
            ("", "/", true),
            ("/a", "/a", true),
            ("a", "/a", true),
            ("/a", "/a/", false),
            ("/a", "/b", false),
            ("/{a}", "/x", true),
            ("/{a}", "/", false),
            ("/{a}", "/x/y", false),
            ("/{a}/{b}", "/x/y", true),
            ("/v{a}", "/v1", true),
            ("/v{a}", "/v", false),
            ("/v{a}", "/w1", false),
            ("/{{a}}", "/{a}", true),
            ("/{{a}}", "/x", false),
            ("/a/{*rest}", "/a/b/c", true),
            ("/{*rest}/a", "/a", false),
            ("/{a}/a", "/a", false),
        ] {
            assert_eq!(fits(route, path), expected, "{route} {path}");
        }
    }

    #[test]
    fn what_is_not_below_the_nested_place_is_not_known() {
        for (nested, matched, expected) in [
            ("/api", "/api/x", Some("/x")),
            ("/api/", "/api/x", Some("x")),
            ("/api", "/api", Some("")),
            ("/api", "/apix", None),
            ("/api", "/x", None),
        ] {
            assert_eq!(below(nested, matched), expected, "{nested} {matched}");
        }
    }
}
