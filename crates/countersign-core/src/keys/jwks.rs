//! The text of a JWK set, and conversions from the types that programs hold it in.

/// The text of a JWK set (RFC 7517 section 5). `.jwks(..)` accepts every type that converts to this one: text, bytes,
/// and, with the cargo feature `jsonwebtoken`, a `JwkSet`.
///
/// # Example
///
/// ```
/// use countersign_core::{IssuerKeys, Jwks};
///
/// let text = std::fs::read("/etc/api/jwks.json").unwrap_or_else(|_| br#"{"keys":[]}"#.to_vec());
/// let keys = IssuerKeys::jwks(Jwks::from(text));
/// # let _ = keys;
/// ```
#[derive(Clone)]
pub struct Jwks(pub(crate) Box<[u8]>);

impl From<&[u8]> for Jwks {
    fn from(text: &[u8]) -> Self {
        Self(text.into())
    }
}

impl<const N: usize> From<&[u8; N]> for Jwks {
    fn from(text: &[u8; N]) -> Self {
        Self(text.as_slice().into())
    }
}

impl From<Vec<u8>> for Jwks {
    fn from(text: Vec<u8>) -> Self {
        Self(text.into())
    }
}

impl From<&Vec<u8>> for Jwks {
    fn from(text: &Vec<u8>) -> Self {
        Self(text.as_slice().into())
    }
}

impl From<&str> for Jwks {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().into())
    }
}

impl From<String> for Jwks {
    fn from(text: String) -> Self {
        Self::from(text.into_bytes())
    }
}

impl From<&String> for Jwks {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl std::fmt::Debug for Jwks {
    /// Prints only the length, since a set published by mistake may hold secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jwks").field("bytes", &self.0.len()).finish_non_exhaustive()
    }
}
