//! Claims as an application's types, each deserialized once for a token and then shared.

use std::any::Any;
use std::sync::{Arc, OnceLock};

/// A list that only grows, without a lock: one link for each type that was asked for. A program has few such types,
/// most often one.
#[derive(Default)]
pub(crate) struct TypedClaims {
    claims: OnceLock<Arc<dyn Any + Send + Sync>>,
    next: OnceLock<Box<TypedClaims>>,
}

impl TypedClaims {
    /// The claims as `C`, made by `make` when nobody has asked for this type before.
    pub(crate) fn get_or_make<C, E>(&self, make: impl FnOnce() -> Result<C, E>) -> Result<Arc<C>, E>
    where
        C: Send + Sync + 'static,
    {
        let mut list = self;
        while let Some(claims) = list.claims.get() {
            if claims.is::<C>()
                && let Ok(claims) = Arc::clone(claims).downcast()
            {
                return Ok(claims);
            }
            list = list.next.get_or_init(Box::default);
        }
        let made = Arc::new(make()?);
        let mut claims = Arc::clone(&made) as Arc<dyn Any + Send + Sync>;
        // Two requests may make the same type at once; then it stands twice, and the first is found from then on.
        while let Err(lost) = list.claims.set(claims) {
            claims = lost;
            list = list.next.get_or_init(Box::default);
        }
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    #[test]
    fn each_type_is_made_once() {
        let claims = TypedClaims::default();
        let first: Arc<u32> = claims.get_or_make(|| Ok::<_, Infallible>(1)).unwrap();
        let text: Arc<String> = claims.get_or_make(|| Ok::<_, Infallible>("a".to_owned())).unwrap();
        let second: Arc<u32> = claims.get_or_make(|| Err("made twice")).unwrap();
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(*text, "a");
    }

    #[test]
    fn a_failure_is_not_kept() {
        let claims = TypedClaims::default();
        assert!(claims.get_or_make::<u32, _>(|| Err("no")).is_err());
        assert_eq!(claims.get_or_make(|| Ok::<_, &str>(2_u32)).as_deref(), Ok(&2));
    }
}
