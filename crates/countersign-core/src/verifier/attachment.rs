//! What a front end keeps with a verifier. The core carries it and never looks at it.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// One value of any type, or none.
#[derive(Clone, Default)]
pub(crate) struct Attachment(Option<Arc<dyn Any + Send + Sync>>);

impl Attachment {
    pub(crate) fn new<T: Any + Send + Sync>(value: T) -> Self {
        Self(Some(Arc::new(value)))
    }

    pub(crate) fn as_a<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.0.as_ref()?.downcast_ref()
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Attachment").field(&self.0.is_some()).finish()
    }
}
