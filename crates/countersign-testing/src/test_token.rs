//! A token before it is signed.

use crate::signing_key::SigningKey;
use countersign_core::Algorithm;
use serde_json::{Map, Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A builder of a token of a [`TestIssuer`](crate::TestIssuer). [`mint`](Self::mint) signs it.
///
/// # Example
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use countersign_testing::TestIssuer;
/// use std::time::Duration;
///
/// let issuer = TestIssuer::start().await?;
/// let expired = issuer.token("alice").expired_for(Duration::from_secs(60)).mint();
/// let odd = issuer.token("bob").claim("department", "legal").without("iat").mint();
/// # let _ = (expired, odd);
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder is not a token: call `.mint()`"]
pub struct TestToken {
    keys: Vec<SigningKey>,
    algorithm: Algorithm,
    header: Map<String, Value>,
    claims: Map<String, Value>,
    now: u64,
}

impl TestToken {
    pub(crate) fn new(keys: Vec<SigningKey>, issuer: &str, subject: &str) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
        let claims = json!({
            "iss": issuer, "sub": subject, "client_id": "test-client",
            "iat": now, "exp": now + 3600, "jti": format!("{subject}-{now}"),
        });
        Self {
            keys,
            algorithm: Algorithm::RS256,
            header: Map::from_iter([("typ".to_owned(), "at+jwt".into())]),
            claims: claims.as_object().cloned().unwrap_or_default(),
            now,
        }
    }

    /// Sets the audience, `aud`.
    pub fn audience(self, audience: &str) -> Self {
        self.claim("aud", audience)
    }

    /// Sets the scopes, as one string in `scope`.
    pub fn scopes<'s>(self, scopes: impl IntoIterator<Item = &'s str>) -> Self {
        self.claim("scope", Vec::from_iter(scopes).join(" "))
    }

    /// Sets the groups, in `groups`.
    pub fn groups<'s>(self, groups: impl IntoIterator<Item = &'s str>) -> Self {
        self.claim("groups", Vec::from_iter(groups))
    }

    /// Sets the roles, in `roles`.
    pub fn roles<'s>(self, roles: impl IntoIterator<Item = &'s str>) -> Self {
        self.claim("roles", Vec::from_iter(roles))
    }

    /// Sets the permissions, in `permissions`.
    pub fn permissions<'s>(self, permissions: impl IntoIterator<Item = &'s str>) -> Self {
        self.claim("permissions", Vec::from_iter(permissions))
    }

    /// Sets a claim.
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// Removes a claim.
    pub fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// Sets a parameter of the header.
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }

    /// Signs with the issuer's key for this algorithm. RS256 unless set.
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Sets the time until the token expires, in whole seconds. An hour unless set.
    pub fn expires_in(self, lifetime: Duration) -> Self {
        let expires = self.now + lifetime.as_secs();
        self.claim("exp", expires)
    }

    /// Sets the time since the token expired, in whole seconds.
    pub fn expired_for(self, since: Duration) -> Self {
        let expires = self.now.saturating_sub(since.as_secs());
        self.claim("exp", expires)
    }

    /// The time until the token expires, counted from when it was begun. Zero for an expired token.
    ///
    /// # Example
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// use countersign_testing::TestIssuer;
    /// use std::time::Duration;
    ///
    /// let issuer = TestIssuer::start().await?;
    /// assert_eq!(issuer.token("alice").lifetime(), Duration::from_secs(3600));
    /// # Ok::<(), std::io::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn lifetime(&self) -> Duration {
        let expires = self.claims.get("exp").and_then(Value::as_u64).unwrap_or_default();
        Duration::from_secs(expires.saturating_sub(self.now))
    }

    /// Signs the token.
    ///
    /// # Panics
    ///
    /// Panics if the issuer has no key for the algorithm.
    pub fn mint(mut self) -> String {
        let key = self.keys.iter().find(|key| key.algorithm() == self.algorithm);
        let key = key.unwrap_or_else(|| panic!("the test issuer has no key for {}", self.algorithm));
        for (name, value) in [("alg", key.algorithm().name()), ("kid", key.kid())] {
            self.header.entry(name).or_insert_with(|| value.into());
        }
        key.sign(Value::Object(self.header).to_string(), Value::Object(self.claims).to_string())
    }
}
