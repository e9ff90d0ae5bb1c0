//! A rate limit for each caller, with `tower_governor`.

use axum::Router;
use axum::http::Request;
use countersign::{Principal, Verifier, authenticated};
use std::sync::Arc;
use std::time::Duration;
use tower_governor::governor::GovernorConfigBuilder;
use tower_governor::key_extractor::KeyExtractor;
use tower_governor::{GovernorError, GovernorLayer};

/// Counts requests by caller. A layer `authenticated(..)` outside this one verifies the caller. All requests without a
/// caller share one allowance.
#[derive(Clone, Copy, Debug)]
pub struct ByCaller;

impl KeyExtractor for ByCaller {
    /// Issuer and subject, since a subject is unique only within its issuer.
    type Key = Option<(String, String)>;

    fn extract<B>(&self, request: &Request<B>) -> Result<Self::Key, GovernorError> {
        let caller = request.extensions().get::<Principal>();
        Ok(caller.map(|caller| (caller.issuer().to_owned(), caller.subject().to_owned())))
    }
}

/// Allows each caller `burst` requests at once, and one more in every `period`. `None` if one of them is zero.
pub fn limited(router: Router, verifier: &Verifier, burst: u32, period: Duration) -> Option<Router> {
    let config = GovernorConfigBuilder::default().period(period).burst_size(burst).key_extractor(ByCaller).finish()?;
    // The last layer is the outermost: it verifies the caller before the rate limit runs.
    Some(router.layer(GovernorLayer::new(Arc::new(config))).layer(authenticated(verifier)))
}
