//! `Cache-Control` of answers to known and rejected callers.
//!
//! RFC 9111 section 3.5 keeps shared caches from answers to requests with `Authorization`. A cookie or another header
//! that carries a token says nothing to them, so the answer must.

use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue, Response};

/// Forbids caches to keep a rejection: the next request may have a token.
pub(crate) fn forbid_storing(headers: &mut HeaderMap) {
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

/// Keeps an answer to a known caller private, unless the application set the header.
pub(crate) fn keep_private<B>(mut response: Response<B>) -> Response<B> {
    response.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("private"));
    response
}
