//! Deserializes claims and measures the memory of the values meanwhile.
//!
//! The type of a visitor gives the size of its value, and the seed gives the room that the container has for it. So a
//! derived type can be measured without its help. The elements of a `Vec` are counted with their size, and a value
//! that is larger than its room must be in a box.

use crate::scale::{Kind, Made, POINTER, Scale};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde_json::Value;
use std::any::type_name;
use std::fmt;

/// Reads `text` as a `C`, and returns the bytes that it uses in addition to its own size.
pub(crate) fn read<C: DeserializeOwned>(text: &str) -> serde_json::Result<(C, usize)> {
    let scale = Scale::default();
    let mut json = serde_json::Deserializer::from_str(text);
    let weighing = Weighing { inner: &mut json, scale: &scale, room: size_of::<C>(), keeps_text: keeps_text::<C>() };
    let read = C::deserialize(weighing)?;
    json.end()?;
    Ok((read, scale.bytes()))
}

/// A deserializer that measures its values.
struct Weighing<'s, D> {
    inner: D,
    scale: &'s Scale,
    /// The room that the container of the value has for it.
    room: usize,
    /// True if the container keeps a text unchanged.
    keeps_text: bool,
}

/// True for types that keep a text unchanged. Any other type may split it (`deserialize_with`, `from`, a custom
/// visitor). The name of a type is a constant, so the compiler removes this check.
#[inline(always)]
fn keeps_text<T>() -> bool {
    let name = type_name::<T>();
    name.ends_with("alloc::string::String")
        || name.ends_with("alloc::string::String>")
        || name.ends_with("alloc::string::String>>")
        || name.ends_with("<str>")
        || name.ends_with("<str>>")
        || name.ends_with("serde_json::value::Value")
        || name.ends_with("serde_json::value::Value>")
        || name.ends_with("serde_json::raw::RawValue>")
        || name.ends_with("std::path::PathBuf")
        || name.ends_with("std::path::Path>")
}

/// The way in which a visitor stores several values.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// One value, or several within the room of the whole.
    Inline,
    /// Any number of values, in a separate block.
    Collected,
}

impl<'s, D> Weighing<'s, D> {
    #[inline]
    fn visitor<'de, V: Visitor<'de>>(&self, visitor: V, form: Form, is_leaf: bool, kind: Kind) -> Weighed<'s, V> {
        let made = Made { size: size_of::<V::Value>(), room: self.room, kind };
        self.scale.add_value(made, is_leaf);
        Weighed { visitor, scale: self.scale, made, form, keeps_text: self.keeps_text && keeps_text::<V::Value>() }
    }

    #[inline]
    fn leaf<'de, V: Visitor<'de>>(&self, visitor: V) -> Weighed<'s, V> {
        self.visitor(visitor, Form::Collected, true, Kind::Seen)
    }

    #[inline]
    fn inline<'de, V: Visitor<'de>>(&self, visitor: V) -> Weighed<'s, V> {
        self.visitor(visitor, Form::Inline, false, Kind::Seen)
    }

    #[inline]
    fn collected<'de, V: Visitor<'de>>(&self, visitor: V) -> Weighed<'s, V> {
        self.visitor(visitor, Form::Collected, false, Kind::Seen)
    }

    #[inline]
    fn any<'de, V: Visitor<'de>>(&self, visitor: V) -> Weighed<'s, V> {
        let is_value = size_of::<V::Value>() == size_of::<Value>() && type_name::<V::Value>() == type_name::<Value>();
        // The value may be in a box, but never as a single number in a box.
        let kind = if is_value { Kind::Value } else { Kind::Unseen };
        self.visitor(visitor, Form::Collected, true, kind)
    }
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Weighing<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.any(visitor);
        self.inner.deserialize_any(visitor)
    }

    #[inline]
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.leaf(visitor);
        self.inner.deserialize_bool(visitor)
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.leaf(visitor);
        self.inner.deserialize_i8(visitor)
    }

    fn deserialize_i16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.leaf(visitor);
        self.inner.deserialize_i16(visitor)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.leaf(visitor);
        self.inner.deserialize_i32(visitor)
    }

    #[inline]
    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.leaf(visitor);
        self.inner.deserialize_i64(visitor)
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.leaf(visitor);
        self.inner.deserialize_i128(visitor)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.leaf(visitor);
        self.inner.deserialize_u8(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.leaf(visitor);
        self.inner.deserialize_u16(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.leaf(visitor);
        self.inner.deserialize_u32(visitor)
    }

    #[inline]
    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.leaf(visitor);
        self.inner.deserialize_u64(visitor)
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.leaf(visitor);
        self.inner.deserialize_u128(visitor)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.leaf(visitor);
        self.inner.deserialize_f32(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.leaf(visitor);
        self.inner.deserialize_f64(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.leaf(visitor);
        self.inner.deserialize_char(visitor)
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.leaf(visitor);
        self.inner.deserialize_str(visitor)
    }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.leaf(visitor);
        self.inner.deserialize_string(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.leaf(visitor);
        self.inner.deserialize_bytes(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.leaf(visitor);
        self.inner.deserialize_byte_buf(visitor)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.inline(visitor);
        self.inner.deserialize_option(visitor)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.inline(visitor);
        self.inner.deserialize_unit(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.inline(visitor);
        self.inner.deserialize_unit_struct(name, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.inline(visitor);
        self.inner.deserialize_newtype_struct(name, visitor)
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        // With another name it counts as the kind of value that uses the most memory.
        let is_vec =
            size_of::<V::Value>() == size_of::<Vec<u8>>() && type_name::<V::Value>().starts_with("alloc::vec::Vec<");
        let kind = if is_vec { Kind::Vec } else { Kind::Seen };
        let visitor = self.visitor(visitor, Form::Collected, false, kind);
        self.inner.deserialize_seq(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.inline(visitor);
        self.inner.deserialize_tuple(len, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let visitor = self.inline(visitor);
        self.inner.deserialize_tuple_struct(name, len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.collected(visitor);
        self.inner.deserialize_map(visitor)
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let visitor = self.inline(visitor);
        self.inner.deserialize_struct(name, fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let visitor = self.inline(visitor);
        self.inner.deserialize_enum(name, variants, visitor)
    }

    #[inline]
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let visitor = self.leaf(visitor);
        self.inner.deserialize_identifier(visitor)
    }

    #[inline]
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        if size_of::<V::Value>() == 0 {
            return self.inner.deserialize_ignored_any(visitor);
        }
        let visitor = self.any(visitor);
        self.inner.deserialize_ignored_any(visitor)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

/// A visitor that measures its values.
struct Weighed<'s, V> {
    visitor: V,
    scale: &'s Scale,
    made: Made,
    form: Form,
    keeps_text: bool,
}

impl<'s, V> Weighed<'s, V> {
    #[inline]
    fn number(self) -> V {
        self.scale.add(self.made.number());
        self.visitor
    }

    #[inline]
    fn text(self, text: &[u8]) -> V {
        self.scale.add(self.made.text(text.len()));
        if !self.keeps_text {
            self.scale.add(self.made.parts(text));
        }
        self.visitor
    }

    /// Measures an inner value, which has no more room than this one.
    fn within<D>(&self, inner: D, keeps_text: bool) -> Weighing<'s, D> {
        Weighing { inner, scale: self.scale, room: self.made.size, keeps_text }
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Weighed<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<V::Value, E> {
        self.number().visit_bool(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<V::Value, E> {
        self.number().visit_i64(value)
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<V::Value, E> {
        self.number().visit_i128(value)
    }

    #[inline]
    fn visit_u64<E: Error>(self, value: u64) -> Result<V::Value, E> {
        self.number().visit_u64(value)
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<V::Value, E> {
        self.number().visit_u128(value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<V::Value, E> {
        self.number().visit_f64(value)
    }

    #[inline]
    fn visit_str<E: Error>(self, value: &str) -> Result<V::Value, E> {
        self.text(value.as_bytes()).visit_str(value)
    }

    #[inline]
    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<V::Value, E> {
        self.text(value.as_bytes()).visit_borrowed_str(value)
    }

    fn visit_string<E: Error>(self, value: String) -> Result<V::Value, E> {
        self.text(value.as_bytes()).visit_string(value)
    }

    fn visit_bytes<E: Error>(self, value: &[u8]) -> Result<V::Value, E> {
        self.text(value).visit_bytes(value)
    }

    fn visit_borrowed_bytes<E: Error>(self, value: &'de [u8]) -> Result<V::Value, E> {
        self.text(value).visit_borrowed_bytes(value)
    }

    fn visit_byte_buf<E: Error>(self, value: Vec<u8>) -> Result<V::Value, E> {
        self.text(&value).visit_byte_buf(value)
    }

    #[inline]
    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_none()
    }

    #[inline]
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        let inner = self.within(deserializer, self.keeps_text);
        self.visitor.visit_some(inner)
    }

    #[inline]
    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.visitor.visit_unit()
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        // Its field may be converted.
        let inner = self.within(deserializer, false);
        self.visitor.visit_newtype_struct(inner)
    }

    #[inline]
    fn visit_seq<A: SeqAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let mut parts = Parts::new(inner, self.scale);
        let visited = self.visitor.visit_seq(&mut parts)?;
        if self.form == Form::Collected {
            self.scale.add(self.made.elements(parts.count, parts.value));
        }
        Ok(visited)
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let mut parts = Parts::new(inner, self.scale);
        let visited = self.visitor.visit_map(&mut parts)?;
        if self.form == Form::Collected {
            self.scale.add(self.made.members(parts.count, parts.name + parts.value));
        }
        Ok(visited)
    }

    fn visit_enum<A: EnumAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_enum(Variant { inner, scale: self.scale })
    }
}

/// The elements of an array or the members of an object, counted.
struct Parts<'s, A> {
    inner: A,
    scale: &'s Scale,
    count: usize,
    /// The size of the largest name.
    name: usize,
    /// The size of the largest value.
    value: usize,
}

impl<'s, A> Parts<'s, A> {
    #[inline]
    fn new(inner: A, scale: &'s Scale) -> Self {
        Self { inner, scale, count: 0, name: 0, value: 0 }
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Parts<'_, A> {
    type Error = A::Error;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, A::Error> {
        let element = self.inner.next_element_seed(Seed { seed, scale: self.scale })?;
        if element.is_some() {
            self.count += 1;
            self.value = self.value.max(size_of::<T::Value>());
        }
        Ok(element)
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Parts<'_, A> {
    type Error = A::Error;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        // The field names of a derived type are already numbers here, which use no further memory.
        let name = if size_of::<K::Value>() < POINTER {
            self.inner.next_key_seed(seed)?
        } else {
            self.inner.next_key_seed(Seed { seed, scale: self.scale })?
        };
        self.count += usize::from(name.is_some());
        self.name = self.name.max(size_of::<K::Value>());
        Ok(name)
    }

    #[inline]
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        if size_of::<T::Value>() == 0 {
            return self.inner.next_value_seed(seed);
        }
        self.value = self.value.max(size_of::<T::Value>());
        self.inner.next_value_seed(Seed { seed, scale: self.scale })
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

/// The room that the container of a value has for it.
struct Seed<'s, T> {
    seed: T,
    scale: &'s Scale,
}

impl<'de, T: DeserializeSeed<'de>> DeserializeSeed<'de> for Seed<'_, T> {
    type Value = T::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<T::Value, D::Error> {
        let room = size_of::<T::Value>();
        self.seed.deserialize(Weighing { inner, scale: self.scale, room, keeps_text: keeps_text::<T::Value>() })
    }
}

/// An enum's variant, by its name or with its content.
struct Variant<'s, A> {
    inner: A,
    scale: &'s Scale,
}

impl<'de, 's, A: EnumAccess<'de>> EnumAccess<'de> for Variant<'s, A> {
    type Error = A::Error;
    type Variant = Variant<'s, A::Variant>;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self::Variant), A::Error> {
        let scale = self.scale;
        let (name, inner) = self.inner.variant_seed(Seed { seed, scale })?;
        Ok((name, Variant { inner, scale }))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Variant<'_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, A::Error> {
        self.inner.newtype_variant_seed(Seed { seed, scale: self.scale })
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.inner.tuple_variant(len, inline(visitor, self.scale))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.inner.struct_variant(fields, inline(visitor, self.scale))
    }
}

/// Measures the content of a variant, which is stored in the room of the enum.
fn inline<'de, V: Visitor<'de>>(visitor: V, scale: &Scale) -> Weighed<'_, V> {
    let size = size_of::<V::Value>();
    let made = Made { size, room: size, kind: Kind::Seen };
    Weighed { visitor, scale, made, form: Form::Inline, keeps_text: false }
}
