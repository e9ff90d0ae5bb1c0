//! Where the token of a request is looked for: in each declared place, of which exactly one may carry one.

use crate::source::bearer::{Credentials, is_several};
use crate::source::handshake::is_websocket_handshake;
use crate::source::same_origin::{canonical, is_safe, is_same_origin};
use crate::source::{Place, Source, TokenPlace, invalid};
use countersign_core::ConfigError;
use http::header::{COOKIE, SEC_WEBSOCKET_PROTOCOL};
use http::request::Parts;

/// Every source of a verifier.
#[derive(Clone, Debug)]
pub(crate) struct Sources {
    places: Vec<Place>,
    /// As browsers write them into `Origin`.
    trusted_origins: Vec<Box<str>>,
}

impl Default for Sources {
    fn default() -> Self {
        Self { places: vec![Place::Authorization], trusted_origins: Vec::new() }
    }
}

impl Sources {
    /// Returns these places instead, with the same trusted origins.
    pub(crate) fn replace(self, sources: impl IntoIterator<Item = Source>) -> Result<Self, ConfigError> {
        let mut places = Vec::new();
        for source in sources {
            let place = source.place()?;
            if places.contains(&place) {
                return invalid("list of sources", &format!("{place:?}"), "name each source once");
            }
            places.push(place);
        }
        if places.is_empty() {
            return invalid("list of sources", "", "name at least one source");
        }
        Ok(Self { places, ..self })
    }

    /// Trusts these origins instead.
    pub(crate) fn trust<'o>(self, origins: impl IntoIterator<Item = &'o str>) -> Result<Self, ConfigError> {
        let expected = "scheme, host and optional port, such as `https://app.example.com`";
        let checked = |origin| canonical(origin).map_or_else(|| invalid("trusted origin", origin, expected), Ok);
        Ok(Self { trusted_origins: origins.into_iter().map(checked).collect::<Result<_, _>>()?, ..self })
    }

    /// Adds a place unless it is there.
    #[cfg(feature = "ws")]
    pub(crate) fn with(mut self, place: Place) -> Self {
        if !self.places.contains(&place) {
            self.places.push(place);
        }
        self
    }

    pub(crate) fn token_place(&self) -> TokenPlace {
        match &self.places[..] {
            [Place::Authorization] => TokenPlace::Authorization,
            places if places.contains(&Place::Authorization) => TokenPlace::AuthorizationOrElsewhere,
            _ => TokenPlace::Elsewhere,
        }
    }

    #[cfg(feature = "utoipa")]
    pub(crate) fn places(&self) -> &[Place] {
        &self.places
    }

    /// What the request carries in all of them together. Two that carry something leave open which one counts, so that is
    /// malformed (RFC 6750 section 2), whatever their order.
    pub(crate) fn find<'a>(&self, parts: &'a Parts) -> Credentials<'a> {
        if let [Place::Authorization] = self.places[..] {
            return Credentials::find(&parts.headers);
        }
        let mut found = Credentials::Absent;
        for place in &self.places {
            let credentials = match place.find(parts) {
                Credentials::Absent => continue,
                _ if found != Credentials::Absent => return Credentials::Malformed,
                Credentials::Token(_) if self.is_foreign(place, parts) => Credentials::CrossOrigin,
                credentials => credentials,
            };
            found = credentials;
        }
        found
    }

    /// Whether another site's page may have made the browser send this along.
    fn is_foreign(&self, place: &Place, parts: &Parts) -> bool {
        matches!(place, Place::Cookie(_)) && !is_safe(parts) && !is_same_origin(parts, &self.trusted_origins)
    }
}

impl Place {
    fn find<'a>(&self, parts: &'a Parts) -> Credentials<'a> {
        match self {
            Self::Authorization => Credentials::find(&parts.headers),
            Self::Header(name) => only(parts.headers.get_all(name).iter().map(|value| value.as_bytes())),
            Self::Cookie(name) => only(cookies(parts, name)),
            Self::WebSocketProtocol if is_websocket_handshake(parts) => offered(parts),
            Self::Query(name) if is_websocket_handshake(parts) => only(parameters(parts, name)),
            Self::WebSocketProtocol | Self::Query(_) => Credentials::Absent,
        }
    }
}

/// The only one of these values. Where there is nobody to speak for, proxies and logouts leave an empty one.
fn only<'a>(values: impl Iterator<Item = &'a [u8]>) -> Credentials<'a> {
    let mut values = values.filter(|value| !value.is_empty());
    match (values.next(), values.next()) {
        (None, _) => Credentials::Absent,
        (Some(value), None) if !is_several(value) => Credentials::Token(value),
        _ => Credentials::Malformed,
    }
}

/// The values of a cookie. HTTP/2 may send several lines of cookies (RFC 9113 section 8.2.3).
fn cookies<'a>(parts: &'a Parts, name: &str) -> impl Iterator<Item = &'a [u8]> {
    let lines = parts.headers.get_all(COOKIE).iter().map(|line| line.as_bytes());
    let pairs = lines.flat_map(|line| line.split(|&byte| byte == b';').map(<[u8]>::trim_ascii));
    pairs.filter_map(move |pair| pair.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
}

fn parameters<'a>(parts: &'a Parts, name: &str) -> impl Iterator<Item = &'a [u8]> {
    let pairs = parts.uri.query().unwrap_or_default().split('&');
    pairs.filter_map(move |pair| pair.strip_prefix(name)?.strip_prefix('=').map(str::as_bytes))
}

/// The token among the protocols that are offered: the one after `bearer`.
fn offered(parts: &Parts) -> Credentials<'_> {
    let lines = parts.headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().map(|line| line.as_bytes());
    let mut names = lines.flat_map(|line| line.split(|&byte| byte == b',').map(<[u8]>::trim_ascii));
    if !names.any(|name| name == b"bearer") {
        return Credentials::Absent;
    }
    match names.next() {
        Some(token) if !token.is_empty() && !is_several(token) && names.all(|name| name != b"bearer") => {
            Credentials::Token(token)
        }
        _ => Credentials::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{Method, Request};

    fn sources(sources: impl IntoIterator<Item = Source>) -> Sources {
        Sources::default().replace(sources).unwrap()
    }

    fn request(uri: &str, lines: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().uri(uri);
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    const UPGRADE: (&str, &str) = ("upgrade", "websocket");

    #[test]
    fn exactly_one_source_may_carry_a_token() {
        let all = sources([Source::cookie("s"), Source::authorization(), Source::header("x-token")]);
        let (bearer, cookie, header) = (("authorization", "Bearer a"), ("cookie", "s=b"), ("x-token", "c"));
        for (lines, expected) in [
            (&[][..], Credentials::Absent),
            (&[bearer], Credentials::Token(b"a")),
            (&[cookie], Credentials::Token(b"b")),
            (&[header], Credentials::Token(b"c")),
            (&[("authorization", "Basic YTpi"), cookie], Credentials::Token(b"b")),
            (&[("x-token", ""), ("cookie", "s="), bearer], Credentials::Token(b"a")),
            (&[bearer, cookie], Credentials::Malformed),
            (&[header, bearer], Credentials::Malformed),
            (&[cookie, header], Credentials::Malformed),
            (&[("authorization", "Bearer"), cookie], Credentials::Malformed),
            (&[header, header], Credentials::Malformed),
            (&[("x-token", "a, b")], Credentials::Malformed),
            (&[("x-token", "Bearer a")], Credentials::Malformed),
        ] {
            assert_eq!(all.find(&request("/", lines)), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let all = sources([Source::cookie("__session")]);
        for (line, expected) in [
            ("__session=a", Credentials::Token(b"a")),
            ("a=1;__session=a;b=2", Credentials::Token(b"a")),
            ("a=__session=b;  __session=a", Credentials::Token(b"a")),
            ("x__session=a; __session_=b; __SESSION=c; __session =d", Credentials::Absent),
            ("__session", Credentials::Absent),
            ("__session=", Credentials::Absent),
            ("__session=a; __session=b", Credentials::Malformed),
            ("__session=a b", Credentials::Malformed),
        ] {
            assert_eq!(all.find(&request("/", &[("cookie", line)])), expected, "{line}");
        }
        let two_lines = [("cookie", "a=1"), ("cookie", "__session=a")];
        assert_eq!(all.find(&request("/", &two_lines)), Credentials::Token(b"a"));
    }

    #[test]
    fn protocol_and_query_count_on_websocket_upgrades_alone() {
        let all = sources([Source::websocket_protocol(), Source::danger().query("t")]);
        for (uri, protocols, expected) in [
            ("/", "bearer, a", Credentials::Token(b"a")),
            ("/", "chat,bearer,a,soap", Credentials::Token(b"a")),
            ("/", "chat, soap", Credentials::Absent),
            ("/", "bearer", Credentials::Malformed),
            ("/", "bearer, ", Credentials::Malformed),
            ("/", "bearer, a, bearer, b", Credentials::Malformed),
            ("/", "Bearer, a", Credentials::Absent),
            ("/?t=a", "", Credentials::Token(b"a")),
            ("/?x=1&t=a&tt=2", "", Credentials::Token(b"a")),
            ("/?t=a&t=b", "", Credentials::Malformed),
            ("/?t=a", "bearer, a", Credentials::Malformed),
            ("/?T=a", "", Credentials::Absent),
        ] {
            let lines = [UPGRADE, ("sec-websocket-protocol", protocols)];
            assert_eq!(all.find(&request(uri, &lines)), expected, "{uri} {protocols:?}");
            assert_eq!(all.find(&request(uri, &lines[1..])), Credentials::Absent, "{uri} {protocols:?}, no upgrade");
        }
    }

    #[test]
    fn a_cookie_on_a_method_that_changes_something_must_come_from_the_same_origin() {
        let all = sources([Source::authorization(), Source::cookie("s"), Source::header("x-token")]);
        let foreign = ("sec-fetch-site", "cross-site");
        let find = |method: Method, lines: &[(&str, &str)]| {
            let mut parts = request("/", lines);
            parts.method = method;
            format!("{:?}", all.find(&parts))
        };
        let token = format!("{:?}", Credentials::Token(b"b"));
        assert_eq!(find(Method::GET, &[("cookie", "s=b"), foreign]), token);
        assert_eq!(find(Method::POST, &[("cookie", "s=b"), foreign]), "CrossOrigin");
        assert_eq!(find(Method::GET, &[("cookie", "s=b"), foreign, UPGRADE]), "CrossOrigin");
        assert_eq!(find(Method::POST, &[("cookie", "s=b"), ("sec-fetch-site", "same-origin")]), token);
        // No page can make a browser send these to another origin, unless CORS lets it.
        assert_eq!(find(Method::POST, &[("x-token", "b"), foreign]), token);
        assert_eq!(find(Method::POST, &[("authorization", "Bearer b"), foreign]), token);
        assert_eq!(find(Method::POST, &[("cookie", "s=b"), foreign, ("authorization", "Bearer b")]), "Malformed");
    }

    #[test]
    fn lists_of_nothing_and_of_the_same_twice_are_refused() {
        assert!(Sources::default().replace([]).is_err());
        assert!(Sources::default().replace([Source::cookie("a"), Source::cookie("a")]).is_err());
        assert!(Sources::default().replace([Source::cookie("a"), Source::cookie("b")]).is_ok());
        assert!(Sources::default().replace([Source::header("X-A"), Source::header("x-a")]).is_err());
    }
}
