//! Finds the token of a request: in the `Authorization` header, exactly once (RFC 6750 section 2.1).

use http::HeaderMap;
use http::header::AUTHORIZATION;
use memchr::memchr3;

/// What a request carries.
#[derive(Debug, PartialEq)]
pub(crate) enum Credentials<'a> {
    /// No credentials, or those of another scheme only.
    Absent,
    /// `Bearer` without a token, with several, or more than one `Authorization` header.
    Malformed,
    /// A cookie's, on a request that another site's page may have made.
    CrossOrigin,
    /// A token, or at least the place of one.
    Token(&'a [u8]),
}

impl<'a> Credentials<'a> {
    pub(crate) fn find(headers: &'a HeaderMap) -> Self {
        let mut values = headers.get_all(AUTHORIZATION).iter().map(|value| value.as_bytes());
        match (values.next(), values.next()) {
            (None, _) => Self::Absent,
            (Some(value), None) => Self::parse(value),
            // Two of them leave open which one counts; a proxy in front may have judged the other.
            (Some(_), Some(_)) => Self::Malformed,
        }
    }

    fn parse(value: &'a [u8]) -> Self {
        let end = find_separator(value).unwrap_or(value.len());
        let (scheme, rest) = value.split_at(end);
        // RFC 7235 section 2.1: a scheme's case does not count.
        if !scheme.eq_ignore_ascii_case(b"bearer") {
            // Two headers that somebody on the way joined by a comma are two headers.
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

/// Whether a value is more than one token.
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
