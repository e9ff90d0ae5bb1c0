//! Signs the tokens of a table.

use crate::table::{Change, Table};
use countersign::keys::Algorithm;
use countersign_testing::SigningKey;
use serde_json::{Map, Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) struct Keyring {
    keys: Vec<SigningKey>,
    now: u64,
}

impl Keyring {
    pub(crate) fn new() -> Self {
        let algorithms = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA, Algorithm::PS256, Algorithm::RS512];
        let keys = algorithms.map(|algorithm| SigningKey::generate(algorithm, algorithm.name())).into();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_secs();
        Self { keys, now }
    }

    pub(crate) fn jwks(&self, issuer: Option<&str>) -> String {
        let keys: Vec<Value> = self
            .keys
            .iter()
            .map(|key| {
                let mut jwk = key.jwk();
                if let Some(issuer) = issuer {
                    jwk["issuer"] = issuer.into();
                }
                jwk
            })
            .collect();
        json!({ "keys": keys }).to_string()
    }

    /// The valid token with changes. Unless changed, it is issued now and valid for ten minutes.
    pub(crate) fn mint(&self, table: &Table, change: &Change) -> String {
        let good = table.good(&change.of);
        let mut claims = good.claims.clone();
        for (name, moment) in [("iat", self.now), ("exp", self.now + 600)] {
            claims.entry(name).or_insert_with(|| moment.into());
        }
        merge(&mut claims, &change.set);
        change.remove.iter().for_each(|name| drop(claims.remove(name)));
        let alg = change.alg.as_ref().unwrap_or(&good.alg);
        let key =
            self.keys.iter().find(|key| key.algorithm().name() == alg).unwrap_or_else(|| panic!("no key for {alg}"));
        let mut header = good.header.clone();
        header.insert("alg".to_owned(), alg.as_str().into());
        header.insert("kid".to_owned(), key.kid().into());
        merge(&mut header, &change.header);
        key.sign(Value::Object(header).to_string(), Value::Object(claims).to_string())
    }
}

/// Merges objects, and replaces other values.
fn merge(into: &mut Map<String, Value>, changes: &Map<String, Value>) {
    for (name, change) in changes {
        match (into.get_mut(name), change) {
            (Some(Value::Object(inner)), Value::Object(changes)) => merge(inner, changes),
            _ => drop(into.insert(name.clone(), change.clone())),
        }
    }
}
