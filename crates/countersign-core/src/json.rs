//! A strict JSON parser: it reads a header or a payload in one pass into a borrowed tree.
//!
//! `serde_json` alone accepts two members with the same name, uses the last one, and skips values that no code reads.
//! This parser reads every value. It refuses, at any depth: a name that occurs twice in an object, a number out of
//! range, a lone surrogate, nesting beyond 128 levels, and anything after the object.

use crate::clock::UnixTime;
use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

/// True for text that can only be an object. Derived `Deserialize` implementations also accept an array in its place.
pub(crate) fn is_object(text: &[u8]) -> bool {
    text.trim_ascii_start().starts_with(b"{")
}

#[derive(Debug, PartialEq)]
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    Integer(u64),
    /// A negative or fractional number. It is always finite.
    Number(f64),
    String(Cow<'a, str>),
    Array(Vec<Json<'a>>),
    Object(Object<'a>),
}

/// A JSON object without duplicate names. The members are in the order of the text.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Object<'a> {
    members: Vec<(Cow<'a, str>, Json<'a>)>,
    /// One bit for each kind of name in the object. Most absent names are recognized by their bit, without a
    /// comparison.
    kinds: u64,
}

/// The initial capacity, enough for the claims of most tokens.
const USUAL_MEMBERS: usize = 16;

impl<'a> Object<'a> {
    /// Parses a text that holds exactly one object.
    pub(crate) fn parse(text: &'a str) -> Result<Self, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let object = deserializer.deserialize_any(Strict { room: USUAL_MEMBERS })?;
        deserializer.end()?;
        match object {
            Json::Object(object) => Ok(object),
            _ => Err(de::Error::custom("not an object")),
        }
    }

    /// Finds the member with this name. `null` counts as absent.
    pub(crate) fn get(&self, name: &str) -> Option<&Json<'a>> {
        self.find(name).filter(|value| !matches!(value, Json::Null))
    }

    /// Finds the value at the end of a path of names, with `null` as absent. The second result is true if there is any
    /// value, even `null`. A value on the path that is not an object counts as a value.
    pub(crate) fn at<S: AsRef<str>>(&self, path: &[S]) -> (Option<&Json<'a>>, bool) {
        match self.lead(path) {
            Ok((object, last)) => (object.get(last), object.has(last)),
            Err(is_there) => (None, is_there),
        }
    }

    /// Finds the member at the end of a path of names. `null` counts as absent.
    #[inline]
    pub(crate) fn get_at<S: AsRef<str>>(&self, path: &[S]) -> Option<&Json<'a>> {
        let (object, last) = self.lead(path).ok()?;
        object.get(last)
    }

    /// Returns the last object on the path and the last name of the path. The error is true if a value on the path is
    /// not an object.
    #[inline]
    fn lead<'p, S: AsRef<str>>(&self, path: &'p [S]) -> Result<(&Self, &'p str), bool> {
        let (last, steps) = path.split_last().ok_or(false)?;
        let mut object = self;
        for step in steps {
            match object.get(step.as_ref()) {
                Some(Json::Object(inner)) => object = inner,
                _ => return Err(object.has(step.as_ref())),
            }
        }
        Ok((object, last.as_ref()))
    }

    /// The names of the members, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|(name, _)| &**name)
    }

    /// True if there is a member with this name, even if it is `null`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    fn find(&self, name: &str) -> Option<&Json<'a>> {
        if self.kinds & kind(name) == 0 {
            return None;
        }
        self.members.iter().find(|(member, _)| member == name).map(|(_, value)| value)
    }
}

/// The kind of a name, one of 64, by its length and last letter.
fn kind(name: &str) -> u64 {
    let last = name.as_bytes().last().copied().unwrap_or_default();
    1 << (name.len().wrapping_add(usize::from(last).wrapping_mul(5)) % 64)
}

impl Object<'_> {
    /// Copies the object, so that it no longer borrows from its text.
    pub(crate) fn into_owned(self) -> Object<'static> {
        let owned = |(name, value): (Cow<'_, str>, Json<'_>)| (Cow::Owned(name.into_owned()), value.into_owned());
        Object { members: self.members.into_iter().map(owned).collect(), kinds: self.kinds }
    }
}

impl Json<'_> {
    fn into_owned(self) -> Json<'static> {
        match self {
            Self::Null => Json::Null,
            Self::Bool(value) => Json::Bool(value),
            Self::Integer(number) => Json::Integer(number),
            Self::Number(number) => Json::Number(number),
            Self::String(text) => Json::String(Cow::Owned(text.into_owned())),
            Self::Array(items) => Json::Array(items.into_iter().map(Json::into_owned).collect()),
            Self::Object(object) => Json::Object(object.into_owned()),
        }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The moment for a number of seconds since 1970, whole or fractional (RFC 7519 section 2). Negative numbers and
    /// overflows give `None`.
    pub(crate) fn as_moment(&self) -> Option<UnixTime> {
        match self {
            Self::Integer(seconds) => Some(UnixTime::from_secs(*seconds)),
            Self::Number(seconds) => Duration::try_from_secs_f64(*seconds).ok().map(UnixTime::since_unix_epoch),
            _ => None,
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Json<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Strict { room: 0 })
    }
}

struct Strict {
    room: usize,
}

/// The name under which `serde_json` passes a number if any crate in the build enables its feature
/// `arbitrary_precision`. Without support for it, such a build would refuse every token.
const ARBITRARY_PRECISION: &str = "$serde_json::private::Number";
const PRIVATE: &str = "$serde_json::private::";

/// True if that feature is enabled in this build.
static NUMBERS_ARE_MAPS: LazyLock<bool> = LazyLock::new(|| {
    struct Shape;

    impl<'de> Visitor<'de> for Shape {
        type Value = bool;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number")
        }

        fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
            Ok(false)
        }

        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<bool, A::Error> {
            while members.next_entry::<de::IgnoredAny, de::IgnoredAny>()?.is_some() {}
            Ok(true)
        }
    }

    serde_json::Deserializer::from_str("1").deserialize_any(Shape).unwrap_or(false)
});

impl<'de> Visitor<'de> for Strict {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(Json::Integer(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value as f64))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Json<'de>, E> {
        if value.is_finite() { Ok(Json::Number(value)) } else { Err(E::custom("number out of range")) }
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::String(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json<'de>, E> {
        Ok(Json::String(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json<'de>, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json<'de>, A::Error> {
        // Inner objects get no initial capacity. A token may hold thousands of empty objects, and an attacker could use
        // up memory with them.
        let (mut object, mut kinds) = (Vec::with_capacity(self.room), 0);
        while let Some(name) = members.next_key_seed(Name)? {
            if name.starts_with(PRIVATE) {
                // A text can also contain these names. Other parsers of the same text would read something else, so the
                // text is refused.
                if name == ARBITRARY_PRECISION && object.is_empty() && *NUMBERS_ARE_MAPS {
                    return number(&members.next_value::<Cow<'_, str>>()?);
                }
                return Err(de::Error::custom("a name that serde_json reserves"));
            }
            kinds |= kind(&name);
            object.push((name, members.next_value()?));
        }
        if has_duplicates(&object) {
            return Err(de::Error::custom("duplicate name"));
        }
        Ok(Json::Object(Object { members: object, kinds }))
    }
}

/// The name of a member. It is borrowed if it holds no escape.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(value.to_owned()))
    }
}

fn number<'de, E: de::Error>(text: &str) -> Result<Json<'de>, E> {
    match text.parse() {
        Ok(integer) => Ok(Json::Integer(integer)),
        Err(_) => Strict { room: 0 }.visit_f64(text.parse().map_err(E::custom)?),
    }
}

fn has_duplicates(members: &[(Cow<'_, str>, Json<'_>)]) -> bool {
    // Comparing all pairs is faster for the claims of real tokens. Sorting is safer against tokens that were made to be
    // slow.
    if members.len() <= 24 {
        // A name is compared with the earlier ones only if one of them shares its bit.
        let mut seen = 0_u64;
        return members.iter().enumerate().any(|(index, (name, _))| {
            let bit = 1 << (bucket(name) % u64::BITS);
            let may_be_known = seen & bit != 0;
            seen |= bit;
            may_be_known && members[..index].iter().any(|(other, _)| other == name)
        });
    }
    let mut names: Vec<&str> = members.iter().map(|(name, _)| &**name).collect();
    names.sort_unstable();
    names.windows(2).any(|pair| pair[0] == pair[1])
}

/// Chooses a bucket for a name by its length and its first and last bytes. Equal names have equal buckets.
fn bucket(name: &str) -> u32 {
    let byte = |byte: Option<&u8>| byte.copied().map_or(0, u32::from);
    let bytes = name.as_bytes();
    byte(bytes.first()) + 5 * byte(bytes.last()) + 11 * bytes.len() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::value::{Error, MapDeserializer};

    #[test]
    fn what_is_not_one_strict_object_is_refused() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        let many = format!("{{{}\"m7\":1}}", (0..5_000).map(|i| format!("\"m{i}\":1,")).collect::<String>());
        for text in [
            "",
            "[]",
            "1",
            "null",
            "\"a\"",
            "{",
            "{}x",
            "{} {}",
            "{\"a\":1,}",
            "\u{feff}{}",
            "{\"a\":NaN}",
            "{\"a\":1e400}",
            "{\"a\":-1e400}",
            "{\"a\":01}",
            "{\"a\":1,\"a\":1}",
            "{\"a\":1,\"\\u0061\":2}",
            "{\"x\":{\"a\":1,\"a\":2}}",
            "{\"x\":[{\"a\":1,\"a\":2}]}",
            "{\"a\":\"\\ud800\"}",
            "{\"\\ud800\":1}",
            "{'a':1}",
            "{a:1}",
            "{\"a\":\"\n\"}",
            &deep,
            &many,
        ] {
            assert!(Object::parse(text).is_err(), "{:?}", &text[..text.len().min(40)]);
        }
    }

    #[test]
    fn a_null_counts_as_absent() {
        let object = Object::parse(r#" {"a":null,"b":1.5,"c":-2,"d":3} "#).unwrap();
        assert_eq!((object.get("a"), object.has("a")), (None, true));
        assert_eq!(object.get("b"), Some(&Json::Number(1.5)));
        assert_eq!(object.get("c"), Some(&Json::Number(-2.0)));
        assert_eq!(object.get("d"), Some(&Json::Integer(3)));
    }

    #[test]
    fn numbers_are_read_when_another_crate_asks_for_arbitrary_precision() {
        for (text, expected) in
            [("1800000000", Some(Json::Integer(1_800_000_000))), ("1e400", None), ("1.5", Some(Json::Number(1.5)))]
        {
            assert_eq!(number::<Error>(text).ok(), expected, "{text}");
        }
        let as_map = MapDeserializer::<_, Error>::new([(ARBITRARY_PRECISION, "1")].into_iter());
        assert_eq!(Json::deserialize(as_map).is_ok(), *NUMBERS_ARE_MAPS);
    }

    #[test]
    fn names_that_serde_json_keeps_for_itself_are_refused() {
        for name in ["$serde_json::private::RawValue", "$serde_json::private::Other"] {
            assert!(Object::parse(&format!(r#"{{"a":{{"{name}":"1"}}}}"#)).is_err(), "{name}");
        }
    }
}
