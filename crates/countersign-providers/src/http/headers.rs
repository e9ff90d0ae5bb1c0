//! The response headers that matter when keys are fetched: freshness, entity tag, `Retry-After`.
//!
//! The crate `headers` is not used: it reads directive names of `Cache-Control` case-sensitively (RFC 9111 section 5.2
//! says otherwise), drops the whole field for one directive that it cannot read, does not give out the value of
//! `Retry-After`, and panics in debug builds on an entity tag that holds a blank. The tests below have a case of each.

use reqwest::header::{AGE, CACHE_CONTROL, DATE, EXPIRES, HeaderMap, HeaderName, RETRY_AFTER};
use std::time::{Duration, SystemTime};

/// The value of a header, if it is printable ASCII. The first one counts.
pub(crate) fn header(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// The freshness lifetime of an answer (RFC 9111 section 4.2.1): `max-age`, or else `Expires`, which Google's older
/// endpoints send. Zero for answers that must not be stored, so the minimum lifetime applies.
pub(crate) fn lifetime(headers: &HeaderMap) -> Option<Duration> {
    max_age(headers).or_else(|| {
        headers.get(EXPIRES)?;
        // Section 5.3: an invalid date, above all "0", means the past.
        let Some(expires) = date(headers, EXPIRES) else { return Some(Duration::ZERO) };
        let now = date(headers, DATE).unwrap_or_else(SystemTime::now);
        Some(expires.duration_since(now).unwrap_or(Duration::ZERO))
    })
}

fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let mut age = None;
    for value in headers.get_all(CACHE_CONTROL) {
        for directive in value.to_str().ok()?.split(',').map(str::trim) {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            match name.to_ascii_lowercase().as_str() {
                "no-store" | "no-cache" => return Some(Duration::ZERO),
                "max-age" => age = value.trim_matches('"').parse().ok().map(Duration::from_secs).or(age),
                _ => {}
            }
        }
    }
    // RFC 9111 section 4.2: time spent in caches counts.
    let spent = headers
        .get(AGE)
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .map_or(Duration::ZERO, Duration::from_secs);
    age.map(|age| age.saturating_sub(spent))
}

/// The pause that comes with a failure of any status: RFC 9110 section 10.2.3 names 503, RFC 6585 section 4 names 429.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = header(headers, RETRY_AFTER)?;
    value.parse().map(Duration::from_secs).ok().or_else(|| {
        let now = date(headers, DATE).unwrap_or_else(SystemTime::now);
        httpdate::parse_http_date(value).ok()?.duration_since(now).ok()
    })
}

fn date(headers: &HeaderMap, name: HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(header(headers, name)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::ETAG;

    #[test]
    fn lifetimes_are_read_from_cache_control() {
        for (text, expected) in [
            ("max-age=300", Some(300)),
            ("public, max-age=19204, must-revalidate, no-transform", Some(19204)),
            ("Max-Age=\"60\"", Some(60)),
            ("no-store", Some(0)),
            ("No-Store", Some(0)),
            ("max-age=soon, max-age=60", Some(60)),
            ("max-age=60, max-age=soon", Some(60)),
            ("max-age=60, s-maxage=soon", Some(60)),
            ("max-age=300, no-cache", Some(0)),
            ("max-age=soon", None),
            ("max-age=-1", None),
            ("private", None),
        ] {
            let headers = HeaderMap::from_iter([(CACHE_CONTROL, text.parse().unwrap())]);
            assert_eq!(max_age(&headers), expected.map(Duration::from_secs), "{text}");
        }
        assert_eq!(max_age(&HeaderMap::new()), None);
    }

    #[test]
    fn expires_counts_where_there_is_no_max_age() {
        let date = "Sun, 22 Nov 2026 12:00:00 GMT";
        for (cache_control, expires, expected) in [
            ("private", "Sun, 22 Nov 2026 17:20:04 GMT", Some(19_204)),
            ("max-age=60", "Sun, 22 Nov 2026 17:20:04 GMT", Some(60)),
            ("private", "Sun, 22 Nov 2026 11:00:00 GMT", Some(0)),
            ("private", "0", Some(0)),
            ("private", "soon", Some(0)),
        ] {
            let headers = [(CACHE_CONTROL, cache_control), (EXPIRES, expires), (DATE, date)];
            let headers = HeaderMap::from_iter(headers.map(|(name, value)| (name, value.parse().unwrap())));
            assert_eq!(lifetime(&headers), expected.map(Duration::from_secs), "{cache_control} {expires}");
        }
        assert_eq!(lifetime(&HeaderMap::new()), None);
    }

    #[test]
    fn a_pause_is_asked_for_in_seconds_or_until_a_date() {
        let date = "Sun, 22 Nov 2026 12:00:00 GMT";
        for (value, expected) in [
            ("120", Some(120)),
            ("0", Some(0)),
            ("Sun, 22 Nov 2026 12:05:00 GMT", Some(300)),
            ("Sun, 22 Nov 2026 11:00:00 GMT", None),
            ("soon", None),
            ("-1", None),
        ] {
            let headers = [(RETRY_AFTER, value), (DATE, date)].map(|(name, value)| (name, value.parse().unwrap()));
            assert_eq!(retry_after(&HeaderMap::from_iter(headers)), expected.map(Duration::from_secs), "{value}");
        }
    }

    #[test]
    fn an_entity_tag_is_taken_as_it_is() {
        for tag in ["\"a\"", "W/\"a\"", "unquoted", "\"with blank\""] {
            let headers = HeaderMap::from_iter([(ETAG, tag.parse().unwrap())]);
            assert_eq!(header(&headers, ETAG), Some(tag));
        }
    }
}
