//! Preflight requests: browsers ask, without credentials, whether they may ask with some.

#[cfg(feature = "utoipa")]
use crate::layer::matched_route::matched_route;
use crate::verifier::Verifier;
use axum::body::{Body, HttpBody as _};
use axum::extract::MatchedPath;
use http::header::{ACCESS_CONTROL_REQUEST_METHOD, CONTENT_LENGTH, ORIGIN, TRANSFER_ENCODING};
use http::request::Parts;
use http::{Method, Version};
use std::any::Any;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The preflight requests that a guard or layer passes on although they carry no token.
#[derive(Clone, Debug, Default)]
pub(crate) struct Preflights {
    handed_on: HandedOn,
    reported: Arc<Mutex<HashSet<String>>>,
}

#[derive(Clone, Debug, Default)]
enum HandedOn {
    #[default]
    Nowhere,
    /// At these routes of the router that the guard is on, each without its first slash.
    #[cfg(feature = "utoipa")]
    At(Arc<HashSet<String>>),
    Everywhere,
}

/// The number of routes that a log tells about.
const REPORTED: usize = 1000;

impl Preflights {
    /// The preflight requests that guards and layers of a verifier hand on.
    pub(crate) fn of(verifier: &Verifier) -> Self {
        if verifier.http().passes_preflight() { Self::everywhere() } else { Self::default() }
    }

    pub(crate) fn everywhere() -> Self {
        Self { handed_on: HandedOn::Everywhere, ..Self::default() }
    }

    /// Preflight requests at the given routes, whose handlers no `OPTIONS` request reaches.
    #[cfg(feature = "utoipa")]
    pub(crate) fn at<'a>(routes: impl IntoIterator<Item = &'a str>) -> Self {
        let routes = routes.into_iter().map(|route| without_slash(route).to_owned()).collect();
        Self { handed_on: HandedOn::At(Arc::new(routes)), ..Self::default() }
    }

    #[cfg(feature = "utoipa")]
    pub(crate) fn are_all(&self) -> bool {
        matches!(self.handed_on, HandedOn::Everywhere)
    }

    /// True if this request, which has no token, is handed on.
    pub(crate) fn hand_on<B: 'static>(&self, parts: &Parts, body: &B) -> bool {
        if !is_preflight(parts) || has_body(parts, body) {
            return false;
        }
        let is_handed_on = match &self.handed_on {
            HandedOn::Nowhere => false,
            #[cfg(feature = "utoipa")]
            HandedOn::At(routes) => matched_route(parts).is_some_and(|route| routes.contains(without_slash(route))),
            HandedOn::Everywhere => true,
        };
        if !is_handed_on {
            self.report(parts);
        }
        is_handed_on
    }

    /// Logs once for each route how to allow preflight requests. Requests without a known route count as one route.
    fn report(&self, parts: &Parts) {
        let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        if reported.len() < REPORTED && !reported.contains(route) {
            reported.insert(route.to_owned());
            drop(reported);
            tracing::warn!(
                target: "countersign::layers",
                route = if route.is_empty() { "not known" } else { route },
                "a preflight request is refused, since it carries no token: put the `CorsLayer` outside of the guard or \
                 layer, or let preflight requests pass with `.pass_preflight()`"
            );
        }
    }
}

/// The root is an empty text below the place where its router is nested.
#[cfg(feature = "utoipa")]
fn without_slash(route: &str) -> &str {
    route.strip_prefix('/').unwrap_or(route)
}

/// Fetch standard, section 4.8.
fn is_preflight(parts: &Parts) -> bool {
    let has = |name| parts.headers.contains_key(name);
    parts.method == Method::OPTIONS && has(ORIGIN) && has(ACCESS_CONTROL_REQUEST_METHOD)
}

/// True if a request may have a body. No browser's preflight request has one. HTTP/1 sends none without one of two
/// headers (RFC 9112 section 6.3). HTTP/2 needs neither: axum's own body tells then, and another one is not known.
fn has_body<B: 'static>(parts: &Parts, body: &B) -> bool {
    let mut lengths = parts.headers.get_all(CONTENT_LENGTH).iter();
    let (length, is_repeated) = (lengths.next(), lengths.next().is_some());
    let is_of_length = is_repeated || length.is_some_and(|length| length != "0");
    let is_sent = match (body as &dyn Any).downcast_ref::<Body>() {
        Some(body) => !body.is_end_stream(),
        None => parts.version > Version::HTTP_11 && length.is_none(),
    };
    is_of_length || is_sent || parts.headers.contains_key(TRANSFER_ENCODING)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    #[test]
    fn a_preflight_request_is_told_by_method_and_two_headers_and_has_no_body() {
        let (origin, method) = (("origin", "https://a.example"), ("access-control-request-method", "GET"));
        for (verb, lines, body, expected) in [
            ("OPTIONS", &[origin, method][..], "", true),
            ("OPTIONS", &[origin, method, ("content-length", "0")], "", true),
            ("OPTIONS", &[origin], "", false),
            ("OPTIONS", &[method], "", false),
            ("GET", &[origin, method], "", false),
            ("options", &[origin, method], "", false),
            ("OPTIONS", &[origin, method, ("content-length", "1")], "", false),
            ("OPTIONS", &[origin, method, ("content-length", "00")], "", false),
            ("OPTIONS", &[origin, method, ("content-length", "0"), ("content-length", "0")], "", false),
            ("OPTIONS", &[origin, method, ("content-length", "")], "", false),
            ("OPTIONS", &[origin, method, ("transfer-encoding", "chunked")], "", false),
            ("OPTIONS", &[origin, method], "a", false),
        ] {
            let mut request = Request::builder().method(verb);
            for (name, value) in lines {
                request = request.header(*name, *value);
            }
            let (parts, body) = request.body(Body::from(body)).unwrap().into_parts();
            assert_eq!(Preflights::everywhere().hand_on(&parts, &body), expected, "{verb} {lines:?}");
            assert!(!Preflights::default().hand_on(&parts, &body));
        }
    }

    #[test]
    fn a_body_that_is_not_known_is_taken_for_one() {
        for (version, length, expected) in [
            (Version::HTTP_11, None, true),
            (Version::HTTP_2, Some("0"), true),
            (Version::HTTP_2, None, false),
            (Version::HTTP_3, None, false),
        ] {
            let mut request = Request::options("/").version(version).header("origin", "https://a.example");
            if let Some(length) = length {
                request = request.header("content-length", length);
            }
            let (parts, body) = request.header("access-control-request-method", "GET").body(7_u8).unwrap().into_parts();
            assert_eq!(Preflights::everywhere().hand_on(&parts, &body), expected, "{version:?} {length:?}");
        }
    }
}
