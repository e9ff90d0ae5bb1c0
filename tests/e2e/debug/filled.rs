//! Claims of any type, filled with the secret that must not be printed.

use crate::{NUMBER, SECRET};
use serde::de::value::{Error, MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use std::iter::once;

/// A value of this type. Each string is the secret, each number is the number, and each list or map has one entry. A
/// field with an alias gets a value under one name only.
pub(crate) fn filled<T: DeserializeOwned>() -> T {
    let mut left_out: Vec<String> = Vec::new();
    loop {
        match T::deserialize(Filled { left_out: &left_out }) {
            Ok(value) => return value,
            Err(error) => {
                let error = error.to_string();
                let twice = error.strip_prefix("duplicate field `").and_then(|rest| rest.strip_suffix('`'));
                let twice = twice.filter(|name| !left_out.iter().any(|known| known == name));
                left_out.push(twice.unwrap_or_else(|| panic!("{error}")).to_owned());
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Filled<'l> {
    left_out: &'l [String],
}

impl<'de> IntoDeserializer<'de> for Filled<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Filled<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(SECRET)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_bool(true)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_u64(NUMBER)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_u64(NUMBER)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_u64(NUMBER)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(SeqDeserializer::new(once(self)))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(MapDeserializer::new(once((SECRET, self))))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let fields = fields.iter().filter(|field| !self.left_out.iter().any(|left_out| left_out == **field));
        visitor.visit_map(MapDeserializer::new(fields.map(|field| (*field, self))))
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u128 f32 f64 char str string bytes byte_buf unit unit_struct tuple tuple_struct enum
        identifier ignored_any
    }
}
