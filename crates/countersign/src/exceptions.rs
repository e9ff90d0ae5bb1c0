//! Paths that are left open, told by axum's own patterns.

use axum::extract::{MatchedPath, NestedPath};
use http::request::Parts;
use matchit::Router;
use std::fmt;
use std::sync::Arc;

/// Patterns of axum, matched by what axum matches with. Each has a matcher of its own, since two of them may overlap.
#[derive(Clone, Default)]
pub(crate) struct Exceptions(Vec<Exception>);

#[derive(Clone)]
struct Exception {
    pattern: Arc<str>,
    matcher: Arc<Router<()>>,
}

impl Exceptions {
    /// # Panics
    ///
    /// When axum would refuse the pattern.
    #[track_caller]
    pub(crate) fn add(&mut self, pattern: &str) {
        // A pattern of axum 0.7 would match nothing, and nobody would know why.
        let is_old = pattern.split('/').any(|segment| segment.starts_with([':', '*']));
        assert!(pattern.starts_with('/') && !is_old, "`{pattern}` is no pattern of axum: write `/path/{{parameter}}`");
        let mut matcher = Router::new();
        if let Err(error) = matcher.insert(pattern, ()) {
            panic!("`{pattern}` is no pattern of axum: {error}");
        }
        self.0.push(Exception { pattern: pattern.into(), matcher: Arc::new(matcher) });
    }

    /// Whether the request's path is one of them, in the router that the layer is on.
    pub(crate) fn cover(&self, parts: &Parts) -> bool {
        let path = parts.uri.path();
        let route = || route(parts);
        !self.0.is_empty()
            && is_plain(path)
            && self.0.iter().any(|exception| exception.matcher.at(path).is_ok() && !exception.is_wider_than(route()))
    }
}

impl Exception {
    /// Whether a parameter stands here where the matched route has a fixed text, or more of one: axum would never route such
    /// a path to a route of this pattern.
    fn is_wider_than(&self, route: Option<&str>) -> bool {
        let Some(route) = route else { return false };
        let pairs = segments(&self.pattern).zip(segments(route));
        pairs
            .take_while(|(here, there)| !is_rest(here) && !is_rest(there))
            .any(|(here, there)| fixed(here) < fixed(there))
    }
}

/// How many bytes of a segment are fixed beside its parameter; all that there can be where it has none.
fn fixed(segment: &str) -> usize {
    // `{{` is a brace.
    let parameter = segment.split("{{").find_map(|part| part.split_once('{'));
    parameter.map_or(usize::MAX, |(_, rest)| {
        let name = rest.split_once('}').map_or(rest, |(name, _)| name);
        segment.len().saturating_sub(name.len() + "{}".len())
    })
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.trim_start_matches('/').split('/')
}

fn is_rest(segment: &str) -> bool {
    segment.starts_with("{*")
}

/// The route that axum has matched, as the router that the layer is on was told it: without the place that this router
/// is nested at.
fn route(parts: &Parts) -> Option<&str> {
    let matched = parts.extensions.get::<MatchedPath>()?.as_str();
    let nested = parts.extensions.get::<NestedPath>().map_or("", NestedPath::as_str);
    Some(matched.strip_prefix(nested).unwrap_or(matched))
}

/// Whether a path means the same to whoever reads it. Some services behind a layer decode a path, once or twice, fold `..`
/// and `//`, or cut parameters off segments (`..;a=b`, as servlets do), and would then serve another one than the pattern
/// has matched.
fn is_plain(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let is_dots = |segment: &str| matches!(segment.split(';').next(), Some("." | ".."));
    !path.contains("//")
        && !path.contains('\\')
        && !["%2e", "%2f", "%5c", "%00", "%25"].iter().any(|encoded| lower.contains(encoded))
        && !path.split('/').any(is_dots)
}

impl fmt::Debug for Exceptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|exception| &exception.pattern)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn is_covered(patterns: &[&str], path: &str) -> bool {
        let mut exceptions = Exceptions::default();
        patterns.iter().for_each(|pattern| exceptions.add(pattern));
        exceptions.cover(&Request::builder().uri(path).body(()).unwrap().into_parts().0)
    }

    #[test]
    fn a_pattern_covers_what_axum_would_match_by_it() {
        for (pattern, path, expected) in [
            ("/livez", "/livez", true),
            ("/livez", "/livez?a=b", true),
            ("/livez", "/livez/", false),
            ("/livez", "/livezz", false),
            ("/livez", "/LIVEZ", false),
            ("/livez", "/%6civez", false),
            ("/livez", "/a/../livez", false),
            ("/livez", "//livez", false),
            ("/", "/", true),
            ("/", "/a", false),
            ("/docs/", "/docs/", true),
            ("/docs/", "/docs", false),
            ("/docs/{*rest}", "/docs/a/b.css", true),
            ("/docs/{*rest}", "/docs/", false),
            ("/docs/{*rest}", "/docs/a/", true),
            ("/docs/{*rest}", "/docs/../admin", false),
            ("/docs/{*rest}", "/docs/%2e%2E/admin", false),
            ("/docs/{*rest}", "/docs/..%2fadmin", false),
            ("/docs/{*rest}", "/docs/..%5Cadmin", false),
            ("/docs/{*rest}", "/docs//admin", false),
            ("/docs/{*rest}", "/docs/./admin", false),
            ("/docs/{*rest}", "/docs/..;/admin", false),
            ("/docs/{*rest}", "/docs/.;a=b/admin", false),
            ("/docs/{*rest}", "/docs/%252e%252e/admin", false),
            ("/docs/{*rest}", "/docs/a;b", true),
            ("/docs/{*rest}", "/docs/a%20b", true),
            ("/users/{id}/photo", "/users/7/photo", true),
            ("/users/{id}/photo", "/users/7/8/photo", false),
            ("/users/{id}/photo", "/users//photo", false),
            ("/users/{id}/photo", "/users/7%2F8/photo", false),
        ] {
            assert_eq!(is_covered(&[pattern], path), expected, "{pattern} {path}");
        }
        assert!(is_covered(&["/{a}/x", "/{b}/y"], "/1/y"));
        assert!(!is_covered(&[], "/"));
    }

    #[test]
    fn a_parameter_is_no_exception_for_a_route_that_is_written_out() {
        let is_wider = |pattern: &str, route: &str| {
            let mut exceptions = Exceptions::default();
            exceptions.add(pattern);
            exceptions.0[0].is_wider_than(Some(route))
        };
        for (pattern, route, expected) in [
            ("/{page}", "/{page}", false),
            ("/{page}", "/{name}", false),
            ("/{page}", "/admin", true),
            ("/{page}", "/{*rest}", false),
            ("/about", "/{page}", false),
            ("/a/{id}/b", "/a/{x}/b", false),
            ("/a/{id}/b", "/a/7/b", true),
            ("/docs/{*rest}", "/docs/admin", false),
            ("/{page}", "/admin-{page}", true),
            ("/admin-{page}", "/admin-{name}", false),
            ("/admin-{page}", "/{page}", false),
        ] {
            assert_eq!(is_wider(pattern, route), expected, "{pattern} {route}");
        }
    }

    #[test]
    fn a_pattern_that_axum_refuses_is_refused() {
        for odd in ["", "livez", "/:id", "/*rest", "/{", "/{}", "/{*rest}/x"] {
            assert!(std::panic::catch_unwind(|| Exceptions::default().add(odd)).is_err(), "{odd}");
        }
    }
}
