//! The source of an issuer's keys during the life of a verifier.

use crate::error::Unavailable;
use crate::keys::algorithm::Algorithm;
use crate::keys::current_keys::CurrentKeys;
use crate::keys::key_set::KeySet;
use crate::keys::remote::{Order, RemoteKeys};
use crate::keys::report::{KeyCounts, KeyReport};
use std::sync::Arc;

/// The keys of one issuer. They are static or fetched.
#[derive(Debug)]
pub(crate) enum KeySource {
    /// Keys from the configuration. They never change.
    Static(Arc<KeySet>),
    /// Keys that are fetched, and refreshed in the background.
    Remote(RemoteKeys),
}

impl KeySource {
    pub(crate) fn current(&self) -> Result<CurrentKeys, Unavailable> {
        match self {
            Self::Static(keys) => Ok(CurrentKeys::given(keys)),
            Self::Remote(remote) => remote.current(),
        }
    }

    /// Checks that there are keys, and that they are still being refreshed.
    pub(crate) fn ready(&self) -> Result<(), Unavailable> {
        match self {
            Self::Static(_) => Ok(()),
            Self::Remote(remote) => remote.ready(),
        }
    }

    /// True if a refresh may bring other keys.
    pub(crate) fn can_be_refreshed(&self) -> bool {
        matches!(self, Self::Remote(_))
    }

    /// Resolves once there are keys.
    pub(crate) async fn wait_until_ready(&self) {
        match self {
            Self::Static(_) => {}
            Self::Remote(remote) => remote.wait_until_ready().await,
        }
    }

    /// Asks for a key that is not in [`current`](Self::current), unless a cool-down forbids it, and returns the keys
    /// after that.
    pub(crate) async fn refresh_for(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<CurrentKeys, Unavailable> {
        match self {
            Self::Static(keys) => Ok(CurrentKeys::given(keys)),
            Self::Remote(remote) => remote.refresh_for(kid, algorithm).await,
        }
    }

    /// Orders an attempt to fetch keys, if these keys are fetched.
    pub(crate) fn order(&self) -> Option<Result<Order, Arc<str>>> {
        match self {
            Self::Static(_) => None,
            Self::Remote(remote) => Some(remote.order()),
        }
    }

    /// True if one task fetches both.
    pub(crate) fn share_with(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Remote(one), Self::Remote(other)) if one.share_with(other))
    }

    /// Resolves when the first attempt to get keys has ended, with success or failure.
    pub(crate) async fn started(&self) {
        match self {
            Self::Static(_) => {}
            Self::Remote(remote) => remote.started().await,
        }
    }

    pub(crate) fn report(&self, issuer: &Arc<str>) -> KeyReport {
        let given = |keys| KeyReport {
            issuer: Arc::clone(issuer),
            set: Some(keys),
            age: None,
            counts: KeyCounts::default(),
            last_failure: None,
        };
        match self {
            Self::Static(keys) => given(Arc::clone(keys)),
            Self::Remote(remote) => remote.report(issuer),
        }
    }
}
