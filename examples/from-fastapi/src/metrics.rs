//! Outcomes and durations as counters and histograms of the crate `metrics`.

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use countersign::Verifier;
use countersign::rejection::RejectionCode;
use metrics::{counter, gauge, histogram};
use std::time::Instant;

/// Counts the outcomes and measures the duration of requests. Use it with `axum::middleware::from_fn(measure)`.
pub async fn measure(request: Request, next: Next) -> Response {
    let start = Instant::now();
    // The matched route instead of the path, since made-up paths must not create new time series.
    let route = request.extensions().get::<MatchedPath>().map_or("none".to_owned(), |path| path.as_str().to_owned());
    let response = next.run(request).await;
    let verdict = response.extensions().get::<RejectionCode>().map_or("let_in", RejectionCode::code);
    counter!("auth_verdicts_total", "verdict" => verdict, "route" => route.clone()).increment(1);
    histogram!("http_request_seconds", "route" => route).record(start.elapsed());
    response
}

/// Copies the verifier's counts of key fetches. Call it whenever the metrics are read.
pub fn measure_keys(verifier: &Verifier) {
    for keys in verifier.keys() {
        let issuer = keys.issuer().to_owned();
        counter!("keys_fetches_total", "issuer" => issuer.clone()).absolute(keys.counts().attempts);
        counter!("keys_fetch_failures_total", "issuer" => issuer.clone()).absolute(keys.counts().failures);
        if let Some(age) = keys.age() {
            gauge!("keys_age_seconds", "issuer" => issuer).set(age);
        }
    }
}
