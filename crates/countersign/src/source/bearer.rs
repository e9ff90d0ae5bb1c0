//! Finds the token of a request: in the `Authorization` header, exactly once (RFC 6750 section 2.1).

use http::HeaderMap;
use http::header::AUTHORIZATION;
use memchr::memchr3;

/// The credentials of a request.
#[derive(Debug, PartialEq)]
pub(crate) enum Credentials<'a> {
    /// No credentials, or those of another scheme only.
    Absent,
    /// `Bearer` without a token, with several, or more than one `Authorization` header.
    Malformed,
    /// A token in a cookie, on a request that a page of another site may have made.
    CrossOrigin,
    /// One token, not verified.
    Token(&'a [u8]),
}

impl<'a> Credentials<'a> {
    pub(crate) fn find(headers: &'a HeaderMap) -> Self {
        let mut values = headers.get_all(AUTHORIZATION).iter().map(|value| value.as_bytes());
        match (values.next(), values.next()) {
            (None, _) => Self::Absent,
            (Some(value), None) => Self::parse(value),
            // A proxy in front may have checked the other one.
            (Some(_), Some(_)) => Self::Malformed,
        }
    }

    fn parse(value: &'a [u8]) -> Self {
        let end = find_separator(value).unwrap_or(value.len());
        let (scheme, rest) = value.split_at(end);
        // RFC 7235 section 2.1: schemes are case-insensitive.
        if !scheme.eq_ignore_ascii_case(b"bearer") {
            // An intermediary may have joined two headers with a comma.
            let is_bearer = |part: &[u8]| {
                part.trim_ascii_start().get(..7).is_some_and(|start| start.eq_ignore_ascii_case(b"bearer "))
            };
            let others_hold_one = value.split(|&byte| byte == b',').skip(1).any(is_bearer);
            return if others_hold_one { Self::Malformed } else { Self::Absent };
        }
        Self::bare(rest)
    }

    /// Takes a token that follows no scheme.
    pub(crate) fn bare(value: &'a [u8]) -> Self {
        let blanks = value.iter().take_while(|&&byte| byte == b' ').count();
        let token = &value[blanks..];
        if token.is_empty() || is_several(token) {
            return Self::Malformed;
        }
        Self::Token(token)
    }
}

/// True if a value is more than one token.
pub(crate) fn is_several(value: &[u8]) -> bool {
    find_separator(value).is_some()
}

fn find_separator(value: &[u8]) -> Option<usize> {
    memchr3(b' ', b'\t', b',', value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[track_caller]
    fn assert_found(values: &[&'static str], expected: Credentials<'_>) {
        let headers: HeaderMap = values.iter().map(|value| (AUTHORIZATION, HeaderValue::from_static(value))).collect();
        assert_eq!(Credentials::find(&headers), expected, "{values:?}");
    }

    #[test]
    fn exactly_one_bearer_token_is_found() {
        assert_found(&["Bearer a.b.c"], Credentials::Token(b"a.b.c"));
        assert_found(&["bEARER   a.b.c"], Credentials::Token(b"a.b.c"));
        for other in ["Basic YTpi", "Bearerx", "Bearer-a", "DPoP a.b.c", "a.b.c", ""] {
            assert_found(&[other], Credentials::Absent);
        }
        for malformed in
            ["Bearer", "Bearer ", "Bearer a b", "Bearer a,b", "Bearer a, Bearer b", "Bearer\ta", "Bearer,a"]
        {
            assert_found(&[malformed], Credentials::Malformed);
        }
        assert_found(&["Basic YTpi, Bearer a.b.c"], Credentials::Malformed);
        assert_found(&["Digest username=\"bearer\", realm=\"a\""], Credentials::Absent);
        assert_found(&[], Credentials::Absent);
        assert_found(&["Bearer a", "Bearer a"], Credentials::Malformed);
        assert_found(&["Basic a", "Bearer a"], Credentials::Malformed);
    }
}
