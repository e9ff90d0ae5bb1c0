//! A provider whose keys cannot be fetched.

use countersign_core::{BoxFuture, FetchError, FetchJwks, FetchedJwks};
use std::sync::Arc;

/// Fails every fetch of keys.
#[derive(Debug)]
pub struct UnreachableProvider;

impl FetchJwks for UnreachableProvider {
    fn fetch(&self, _: Option<Arc<str>>) -> BoxFuture<'_, Result<FetchedJwks, FetchError>> {
        Box::pin(async { Err("the provider is down".into()) })
    }
}
