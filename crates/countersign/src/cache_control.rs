//! `Cache-Control`: who may keep an answer.
//!
//! RFC 9111 section 3.5 keeps shared caches from answers to requests with `Authorization`. A cookie or another header that
//! carries a token says nothing to them, so the answer must.

use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue, Response};

/// No cache keeps a refusal: the next request may carry a token.
pub(crate) fn forbid_storing(headers: &mut HeaderMap) {
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

/// An answer to a caller who is known is for this caller, unless the application says something else.
pub(crate) fn keep_private<B>(mut response: Response<B>) -> Response<B> {
    response.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("private"));
    response
}
