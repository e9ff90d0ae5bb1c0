//! The keys of a verifier: readiness, reports, and a refresh on demand.

use crate::error::Unavailable;
use crate::keys::refresh_error::KeyRefreshError;
use crate::keys::remote::{MAX_ORDER_WAIT, Order};
use crate::keys::report::KeyReport;
use crate::verifier::Verifier;
use std::sync::Arc;
use tokio::time::Instant;

impl Verifier {
    /// Checks that the keys of every issuer are there, so each token gets a verdict.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] with the time of the next attempt.
    pub fn ready(&self) -> Result<(), Unavailable> {
        self.0.issuers.iter().try_for_each(|issuer| issuer.keys.ready())
    }

    /// Resolves when every issuer's keys are there. It has no time limit of its own: wrap it in a timeout where a start
    /// must not wait for ever.
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

    /// The keys of each issuer as they are now, how old they are and how often they were asked for, for diagnosis and
    /// metrics.
    pub fn keys(&self) -> impl Iterator<Item = KeyReport> {
        self.0.issuers.iter().map(|issuer| issuer.keys.report(&issuer.policy.iss))
    }

    /// Fetches the keys of every issuer now, and waits until that is done: for an incident, when a provider has removed a key
    /// and nobody wants to wait for the next refresh. Tokens under keys that are gone are refused from then on, those that are
    /// [kept](crate::VerifierBuilder::cache_lifetime) too.
    ///
    /// All issuers are asked at once. Calls that come together share one attempt for each issuer; the attempt begins after the
    /// call. The wait ends after 10.25 seconds. Keys that are given in the configuration are not touched.
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
    /// [`KeyRefreshError`] names each issuer whose keys could not be fetched. Its last good keys stay in use, so a key that the
    /// provider has removed is still believed.
    ///
    /// # Security
    ///
    /// It honours no cool-down, so let an operator call it and no request: a route that anybody can reach would let anybody
    /// have the provider asked without a pause. Attempts are made one after the other all the same. It refreshes this process
    /// alone; call it in each that verifies tokens.
    pub async fn refresh_keys_now(&self) -> Result<(), KeyRefreshError> {
        let deadline = Instant::now() + MAX_ORDER_WAIT;
        let issuers = &self.0.issuers;
        // All are ordered before one is waited for. Those that share their keys share the order.
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
