//! The keys of a verifier: readiness, reports, and a refresh on demand.

use crate::error::Unavailable;
use crate::keys::refresh_error::KeyRefreshError;
use crate::keys::remote::{MAX_ORDER_WAIT, Order};
use crate::keys::report::KeyReport;
use crate::verifier::Verifier;
use std::sync::Arc;
use tokio::time::Instant;

impl Verifier {
    /// Checks that every issuer has keys, so that every token can be verified.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] with the time of the next attempt.
    pub fn ready(&self) -> Result<(), Unavailable> {
        self.0.issuers.iter().try_for_each(|issuer| issuer.keys.ready())
    }

    /// Resolves once every issuer has keys. It has no time limit of its own: wrap it in a timeout if a start must not
    /// wait without limit.
    ///
    /// # Example
    ///
    /// ```
    /// # use countersign_core::Verifier;
    /// # use std::time::Duration;
    /// # async fn example(verifier: Verifier) -> Result<(), Box<dyn std::error::Error>> {
    /// tokio::time::timeout(Duration::from_secs(30), verifier.wait_until_ready()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn wait_until_ready(&self) {
        for issuer in &self.0.issuers {
            issuer.keys.wait_until_ready().await;
        }
    }

    /// Reports on the keys of each issuer, for diagnosis and metrics: the current keys, their age, and counts of
    /// attempts.
    pub fn keys(&self) -> impl Iterator<Item = KeyReport> {
        self.0.issuers.iter().map(|issuer| issuer.keys.report(&issuer.policy.iss))
    }

    /// Fetches the keys of every issuer now, and waits for the result. Use it in an incident, when a provider has
    /// removed a key and you cannot wait for the next refresh. From then on, tokens signed with a removed key are
    /// refused, including [cached](crate::VerifierBuilder::cache_lifetime) ones.
    ///
    /// All issuers are asked at once. Simultaneous calls share one attempt for each issuer, and this attempt begins
    /// after the call. The wait ends after 10.25 seconds. Keys from the configuration are not affected.
    ///
    /// # Example
    ///
    /// ```
    /// # use countersign_core::Verifier;
    /// # async fn example(verifier: Verifier) -> Result<(), Box<dyn std::error::Error>> {
    /// verifier.refresh_keys_now().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`KeyRefreshError`] names each issuer whose keys could not be fetched. Its last good keys stay in use, so a key
    /// that the provider has removed is still trusted.
    ///
    /// # Security
    ///
    /// The call ignores the cool-down, so only an operator should be able to trigger it. On a public route, anyone
    /// could make the verifier send requests to the provider without pause. Attempts still run one after the other. The
    /// call refreshes only this process; repeat it in every process that verifies tokens.
    pub async fn refresh_keys_now(&self) -> Result<(), KeyRefreshError> {
        let deadline = Instant::now() + MAX_ORDER_WAIT;
        let issuers = &self.0.issuers;
        // All attempts are ordered before the first wait. Issuers that share their keys share the order.
        let mut orders: Vec<Option<Result<Order, Arc<str>>>> = Vec::with_capacity(issuers.len());
        for issuer in issuers {
            let same = issuers.iter().take(orders.len()).position(|other| other.keys.share_with(&issuer.keys));
            orders.push(same.map_or_else(|| issuer.keys.order(), |same| orders[same].clone()));
        }
        let mut failures = Vec::new();
        for (issuer, order) in issuers.iter().zip(orders) {
            let outcome = match order {
                None => Ok(()),
                Some(Ok(order)) => order.outcome(deadline).await,
                Some(Err(over)) => Err(over),
            };
            if let Err(reason) = outcome {
                failures.push((Arc::clone(&issuer.policy.iss), reason));
            }
        }
        if failures.is_empty() { Ok(()) } else { Err(KeyRefreshError { failures }) }
    }
}
