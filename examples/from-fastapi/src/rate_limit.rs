//! So many requests for each caller, by tower_governor.

use axum::Router;
use axum::http::Request;
use countersign::{Principal, Verifier, authenticated};
use std::sync::Arc;
use std::time::Duration;
use tower_governor::governor::GovernorConfigBuilder;
use tower_governor::key_extractor::KeyExtractor;
use tower_governor::{GovernorError, GovernorLayer};

/// Whose allowance a request takes from: that of the caller whom a layer of `authenticated(..)` outside of this one has let
/// in. Whoever calls a path that is open to everybody shares one allowance with all other strangers.
#[derive(Clone, Copy, Debug)]
pub struct ByCaller;

impl KeyExtractor for ByCaller {
    /// Issuer and subject: a subject is unique only together with its issuer.
    type Key = Option<(String, String)>;

    fn extract<B>(&self, request: &Request<B>) -> Result<Self::Key, GovernorError> {
        let caller = request.extensions().get::<Principal>();
        Ok(caller.map(|caller| (caller.issuer().to_owned(), caller.subject().to_owned())))
    }
}

/// Lets each caller make `burst` requests at once, and one more in every `period`. `None` when one of them is nought.
pub fn limited(router: Router, verifier: &Verifier, burst: u32, period: Duration) -> Option<Router> {
    let config = GovernorConfigBuilder::default().period(period).burst_size(burst).key_extractor(ByCaller).finish()?;
    // Outside stands what comes last: who calls is known before the limit is asked.
    Some(router.layer(GovernorLayer::new(Arc::new(config))).layer(authenticated(verifier)))
}
