//! The raw claims, as an ordered map.

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use std::fmt;
use std::ops::Index;

/// The claims of a verified token as received, in the token's order.
///
/// # Example
///
/// ```
/// use countersign_core::Claims;
///
/// let claims: Claims = serde_json::from_str(r#"{"sub":"alice","level":3}"#)?;
/// assert_eq!(claims["level"], 3);
/// assert_eq!(claims.get("department"), None);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Claims(Vec<(Box<str>, Value)>);

impl Claims {
    /// The claim of this name, `null` included.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(claim, _)| **claim == *name).map(|(_, value)| value)
    }

    /// The claims, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }
}

impl Index<&str> for Claims {
    type Output = Value;

    /// The claim of this name. It is `null` if the claim is absent, as in `serde_json`.
    fn index(&self, name: &str) -> &Value {
        const ABSENT: &Value = &Value::Null;
        self.get(name).unwrap_or(ABSENT)
    }
}

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Claims;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("claims")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Claims, A::Error> {
                let mut claims = Vec::with_capacity(16);
                while let Some(member) = members.next_entry()? {
                    claims.push(member);
                }
                claims.shrink_to_fit();
                Ok(Claims(claims))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

impl Serialize for Claims {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl fmt::Debug for Claims {
    /// Shows only names, since values are personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|(name, _)| name)).finish()
    }
}
