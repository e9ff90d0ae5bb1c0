//! Paths that are left open, told by axum's own patterns.

use crate::layer::matched_route::{Segment, matched_route, segments};
use crate::layer::plain_path::is_plain;
use http::request::Parts;
use matchit::Router;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Patterns of axum, matched by what axum matches with. Each has a matcher of its own, since two of them may overlap.
#[derive(Clone, Default)]
pub(crate) struct Exceptions(Vec<Exception>);

#[derive(Clone)]
struct Exception {
    pattern: Arc<str>,
    matcher: Arc<Router<()>>,
    /// `{*rest}` does not count as one: it matches everything below.
    has_parameter: bool,
    is_reported: Arc<AtomicBool>,
}

impl Exceptions {
    /// # Panics
    ///
    /// When axum would refuse the pattern.
    #[track_caller]
    pub(crate) fn add(&mut self, pattern: &str) {
        // A pattern of axum 0.7 would match nothing, without any error.
        let is_old = pattern.split('/').any(|segment| segment.starts_with([':', '*']));
        assert!(pattern.starts_with('/') && !is_old, "`{pattern}` is no pattern of axum: write `/path/{{parameter}}`");
        let mut matcher = Router::new();
        if let Err(error) = matcher.insert(pattern, ()) {
            panic!("`{pattern}` is no pattern of axum: {error}");
        }
        self.0.push(Exception {
            pattern: pattern.into(),
            matcher: Arc::new(matcher),
            has_parameter: segments(pattern).any(|segment| matches!(Segment::of(segment), Segment::Parameter { .. })),
            is_reported: Arc::default(),
        });
    }

    /// True if the request's path is one of them, in the router that the layer is on.
    pub(crate) fn cover(&self, parts: &Parts) -> bool {
        let path = parts.uri.path();
        if self.0.is_empty() || !is_plain(path) {
            return false;
        }
        let matching = || self.0.iter().filter(|exception| exception.matcher.at(path).is_ok());
        if matching().any(|exception| !exception.has_parameter) {
            return true;
        }
        match matched_route(parts) {
            Some(route) => matching().any(|exception| is_for(&exception.pattern, route)),
            // A service with its own routes may write out a path that the parameter would match.
            None => {
                matching().for_each(Exception::report);
                false
            }
        }
    }
}

impl Exception {
    fn report(&self) {
        if !self.is_reported.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                target: "countersign::layers",
                pattern = &*self.pattern,
                "an exception with a parameter does not count here, since axum tells no matched route (for a nested service, \
                 a fallback, or a service that is no router): write the path out, end the pattern with `{{*rest}}`, or put \
                 the layer on the router that has the route"
            );
        }
    }
}

/// True if a pattern matches this route, or a part of it. A parameter of the pattern must be a parameter of the route,
/// too: axum prefers a route that is written out, and the target of a `{*rest}` in the route is not known.
fn is_for(pattern: &str, route: &str) -> bool {
    let mut pattern = segments(pattern).map(Segment::of);
    let mut route = segments(route).map(Segment::of);
    loop {
        return match (pattern.next(), route.next()) {
            (None, None) => true,
            (Some(Segment::Rest), Some(_)) => true,
            (Some(Segment::Fixed(_)), Some(Segment::Rest)) => {
                !pattern.any(|segment| matches!(segment, Segment::Parameter { .. }))
            }
            (Some(Segment::Fixed(here)), Some(Segment::Fixed(there))) if here == there => continue,
            (Some(Segment::Fixed(_)), Some(Segment::Parameter { .. })) => continue,
            (Some(Segment::Parameter { before, after }), Some(Segment::Parameter { before: b, after: a }))
                if before.starts_with(b) && after.ends_with(a) =>
            {
                continue;
            }
            _ => false,
        };
    }
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

    /// Without a router, so without a matched route.
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
            ("/docs/{*rest}", "/docs/..%3b/admin", false),
            ("/docs/{*rest}", "/docs/a;b", true),
            ("/docs/{*rest}", "/docs/a%20b", true),
            ("/{{a}}", "/%7Ba%7D", false),
        ] {
            assert_eq!(is_covered(&[pattern], path), expected, "{pattern} {path}");
        }
        assert!(!is_covered(&[], "/"));
    }

    #[test]
    fn a_parameter_covers_nothing_where_the_route_is_not_known() {
        for (pattern, path) in [
            ("/users/{id}/photo", "/users/7/photo"),
            ("/{page}", "/about"),
            ("/v{version}", "/v1"),
            ("/{tenant}/docs/{*rest}", "/a/docs/b"),
        ] {
            assert!(!is_covered(&[pattern], path), "{pattern} {path}");
            assert!(is_covered(&[pattern, "/{*rest}"], path), "{pattern} {path}");
            assert!(is_covered(&[pattern, path], path), "{pattern} {path}");
        }
    }

    #[test]
    fn a_parameter_is_no_exception_for_a_route_that_is_written_out() {
        for (pattern, route, expected) in [
            ("/{page}", "/{page}", true),
            ("/{page}", "/{name}", true),
            ("/{page}", "{name}", true),
            ("/{page}", "/admin", false),
            ("/{page}", "/{*rest}", false),
            ("/{page}", "/{a}/{b}", false),
            ("/{page}", "", false),
            ("/{a}/{b}", "/{a}", false),
            ("/a/{id}/b", "/a/{x}/b", true),
            ("/a/{id}/b", "/a/{x}/c", false),
            ("/a/{id}/b", "/a/7/b", false),
            ("/a/{id}/b", "/{y}/{x}/b", true),
            ("/a/{id}/b", "/a/{x}/{*rest}", true),
            ("/a/{id}/b", "/a/{*rest}", false),
            ("/a/{id}/b", "/{*rest}", false),
            ("/a/{id}/{*rest}", "/a/{x}/b", true),
            ("/a/{id}/{*rest}", "/a/b/c", false),
            ("/a/{id}/{*rest}", "/a/{x}/{*y}", true),
            ("/{page}", "/admin-{page}", false),
            ("/{page}", "/{page}.json", false),
            ("/admin-{page}", "/admin-{name}", true),
            ("/admin-{page}", "/{page}", true),
        ] {
            assert_eq!(is_for(pattern, route), expected, "{pattern} {route}");
        }
    }

    #[test]
    fn a_pattern_that_axum_refuses_is_refused() {
        for odd in ["", "livez", "/:id", "/*rest", "/{", "/{}", "/{*rest}/x"] {
            assert!(std::panic::catch_unwind(|| Exceptions::default().add(odd)).is_err(), "{odd}");
        }
    }
}
