//! The state of a [`TestIssuer`](crate::TestIssuer): its keys, its documents, and its current fault.

use crate::fault::Fault;
use crate::signing_key::SigningKey;
use crate::test_token::TestToken;
use countersign_core::Algorithm;
use serde_json::{Map, Value, json};
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The largest number of old keys that stay published: ten rotations with three keys each.
///
/// Verifiers refuse very large key sets.
const MAX_OLD_KEYS: usize = 30;

/// The state that requests read and tests change.
#[derive(Debug)]
pub(crate) struct IssuerState {
    url: String,
    data: Mutex<IssuerData>,
    /// Held during a rotation, so that two rotations at once cannot give one `kid` to two keys.
    rotation: Mutex<()>,
    pub(crate) discovery_requests: AtomicU64,
    pub(crate) key_requests: AtomicU64,
    pub(crate) not_modified_answers: AtomicU64,
}

/// The part of the state that changes.
#[derive(Debug)]
pub(crate) struct IssuerData {
    /// The keys that sign new tokens.
    pub(crate) signing_keys: Vec<SigningKey>,
    /// Keys of earlier tokens. They are published, and sign nothing.
    pub(crate) old_keys: Vec<SigningKey>,
    /// A number that grows with each change of the published key set.
    pub(crate) keys_version: u64,
    /// The `max-age` of the published key set.
    pub(crate) keys_max_age: Option<Duration>,
    /// Additional members of the discovery document.
    pub(crate) metadata: Map<String, Value>,
    pub(crate) fault: Option<Fault>,
}

impl IssuerState {
    pub(crate) fn new(url: String, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        let signing_keys = algorithms
            .into_iter()
            .enumerate()
            .map(|(index, algorithm)| SigningKey::generate(algorithm, format!("{algorithm}-{index}")))
            .collect();
        let data = IssuerData {
            signing_keys,
            old_keys: Vec::new(),
            keys_version: 0,
            keys_max_age: None,
            metadata: Map::new(),
            fault: None,
        };
        Self {
            url,
            data: Mutex::new(data),
            rotation: Mutex::new(()),
            discovery_requests: AtomicU64::new(0),
            key_requests: AtomicU64::new(0),
            not_modified_answers: AtomicU64::new(0),
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Locks the changing part. No caller holds the lock across an await.
    pub(crate) fn data(&self) -> MutexGuard<'_, IssuerData> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn token(&self, subject: &str) -> TestToken {
        TestToken::new(self.data().signing_keys.clone(), &self.url, subject)
    }

    /// Signs with new keys from now on, and keeps the old ones published.
    pub(crate) fn rotate(&self) {
        self.replace_keys(
            |old, version| format!("{}-v{version}", old.algorithm()),
            |data, old| {
                data.old_keys.extend(old);
                let surplus = data.old_keys.len().saturating_sub(MAX_OLD_KEYS);
                data.old_keys.drain(..surplus);
            },
        );
    }

    /// Signs with new keys that have the key ids of the old ones. The old keys are no longer published.
    pub(crate) fn rotate_in_place(&self) {
        self.replace_keys(|old, _| old.kid().to_owned(), |_, _| {});
    }

    fn replace_keys(
        &self,
        key_id: impl Fn(&SigningKey, u64) -> String,
        retire_old: impl Fn(&mut IssuerData, Vec<SigningKey>),
    ) {
        let _rotation = self.rotation.lock().unwrap_or_else(PoisonError::into_inner);
        let (old, version) = {
            let data = self.data();
            (data.signing_keys.clone(), data.keys_version + 1)
        };
        // Generating RSA keys is slow. The issuer answers requests meanwhile, since `data` is not locked here.
        let new = old.iter().map(|old| SigningKey::generate(old.algorithm(), key_id(old, version))).collect();
        let mut data = self.data();
        data.keys_version += 1;
        let old = std::mem::replace(&mut data.signing_keys, new);
        retire_old(&mut data, old);
    }

    /// The discovery document (RFC 8414 section 2, OpenID Connect Discovery section 3).
    pub(crate) fn discovery_document(&self) -> Value {
        let data = self.data();
        let algorithms: Vec<_> = data.signing_keys.iter().map(|key| key.algorithm().name()).collect();
        let (mut issuer, mut jwks_uri) = (self.url.clone(), format!("{}/jwks", self.url));
        match &data.fault {
            Some(Fault::OtherIssuer) => issuer.push_str("/other"),
            Some(Fault::JwksUri(url)) => jwks_uri.clone_from(url),
            _ => {}
        }
        // Tokens are minted in process, so the issuer itself supports no grant.
        let mut document = json!({
            "issuer": issuer,
            "jwks_uri": jwks_uri,
            "response_types_supported": [],
            "grant_types_supported": [],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": algorithms,
        });
        for (name, value) in &data.metadata {
            document[name] = value.clone();
        }
        document
    }
}

impl IssuerData {
    /// The published key set (RFC 7517 section 5).
    pub(crate) fn jwks(&self) -> Value {
        let keys = self.signing_keys.iter().chain(&self.old_keys).map(SigningKey::jwk);
        match self.fault {
            Some(Fault::ManyKeys(count)) => {
                let keys: Vec<Value> = keys.collect();
                let numbered = |index: usize| {
                    let mut key = keys[index % keys.len()].clone();
                    key["kid"] = format!("key-{index}").into();
                    key
                };
                json!({ "keys": (0..count).map(numbered).collect::<Vec<_>>() })
            }
            Some(Fault::NoKeys) => json!({ "keys": [] }),
            _ => json!({ "keys": keys.collect::<Vec<_>>() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_set_does_not_grow_without_bound() {
        let state = IssuerState::new("http://127.0.0.1:9400".to_owned(), [Algorithm::EdDSA]);
        for _ in 0..MAX_OLD_KEYS + 2 {
            state.rotate();
        }
        let data = state.data();
        assert_eq!(data.old_keys.len(), MAX_OLD_KEYS);
        assert_eq!(data.old_keys[MAX_OLD_KEYS - 1].kid(), format!("EdDSA-v{}", MAX_OLD_KEYS + 1));
    }
}
