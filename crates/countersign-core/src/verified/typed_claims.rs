//! Claims as an application's types, each deserialized once for a token and then shared.

use crate::scale::{COUNTERS, block};
use std::any::Any;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// A list without locks that only grows. It has one link for each requested type. Most programs have one such type,
/// few have more.
#[derive(Default)]
pub(crate) struct TypedClaims {
    first: Link,
    bytes: AtomicUsize,
}

#[derive(Default)]
struct Link {
    claims: OnceLock<Arc<dyn Any + Send + Sync>>,
    next: OnceLock<Box<Link>>,
}

impl TypedClaims {
    /// The memory that it uses, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Acquire)
    }

    /// The claims as `C`, if they were deserialized before. Otherwise the end of the list.
    #[inline]
    fn find<C: Send + Sync + 'static>(&self) -> Result<Arc<C>, &Link> {
        let mut list = &self.first;
        while let Some(claims) = list.claims.get() {
            if claims.is::<C>()
                && let Ok(claims) = Arc::clone(claims).downcast()
            {
                return Ok(claims);
            }
            match list.next.get() {
                Some(next) => list = next,
                None => break,
            }
        }
        Err(list)
    }

    /// The claims as `C`. If this type was not requested before, `make` creates them and returns the memory that they
    /// use, and then `grown` is called.
    #[inline]
    pub(crate) fn get_or_make<C, E>(
        &self,
        make: impl FnOnce() -> Result<(C, usize), E>,
        grown: impl FnOnce(),
    ) -> Result<Arc<C>, E>
    where
        C: Send + Sync + 'static,
    {
        let end = match self.find() {
            Ok(claims) => return Ok(claims),
            Err(end) => end,
        };
        let (claims, bytes) = make()?;
        let claims = Arc::new(claims);
        self.add(end, Arc::clone(&claims) as _, block(size_of::<C>() + COUNTERS).saturating_add(bytes));
        grown();
        Ok(claims)
    }

    fn add(&self, end: &Link, mut claims: Arc<dyn Any + Send + Sync>, bytes: usize) {
        let (mut list, mut bytes) = (end, bytes);
        // Two requests may create the same type at once. Then the list contains it twice, and later requests find the
        // first.
        while let Err(lost) = list.claims.set(claims) {
            claims = lost;
            list = list.next.get_or_init(Box::default);
            bytes = bytes.saturating_add(block(size_of::<Link>()));
        }
        let _ = self.bytes.fetch_update(Ordering::AcqRel, Ordering::Acquire, |sum| Some(sum.saturating_add(bytes)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    #[test]
    fn each_type_is_made_once() {
        let claims = TypedClaims::default();
        let mut weights = vec![claims.bytes()];
        let first: Arc<u32> = claims.get_or_make(|| Ok::<_, Infallible>((1, 0)), || ()).unwrap();
        weights.push(claims.bytes());
        let text: Arc<String> = claims.get_or_make(|| Ok::<_, Infallible>(("a".repeat(1_000), 1_000)), || ()).unwrap();
        weights.push(claims.bytes());
        let second: Arc<u32> = claims.get_or_make(|| Err("made twice"), || panic!("nothing grew")).unwrap();
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(text.len(), 1_000);
        let [none, one, two] = weights[..] else { panic!("three weights") };
        assert!(none == 0 && one > 0 && two > one + 1_000 && claims.bytes() == two, "{weights:?}");
    }

    #[test]
    fn a_failure_is_not_kept() {
        let claims = TypedClaims::default();
        assert!(claims.get_or_make::<u32, _>(|| Err("no"), || panic!("nothing grew")).is_err());
        assert_eq!(claims.bytes(), 0);
        assert_eq!(claims.get_or_make(|| Ok::<_, &str>((2_u32, 0)), || ()).as_deref(), Ok(&2));
    }
}
