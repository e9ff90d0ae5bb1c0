//! The provider that all contenders trust.

use crate::tokens::{BadToken, bad_payload, measured, payload};
use countersign::keys::Algorithm;
use countersign_testing::{SigningKey, TestIssuer};
use serde_json::json;
use std::io;
use std::ops::Range;
use std::thread;

/// A provider on loopback with one RS256 key, since some peers do not start with keys of several algorithms.
#[derive(Debug)]
pub struct LocalIssuer {
    server: TestIssuer,
    key: SigningKey,
}

impl LocalIssuer {
    /// Starts the provider on this port of 127.0.0.1, or on a free port for 0.
    ///
    /// # Errors
    ///
    /// If the port is not available.
    pub async fn start(port: u16) -> io::Result<Self> {
        let server = TestIssuer::builder().bind(([127, 0, 0, 1], port)).algorithms([Algorithm::RS256]).start().await?;
        // A key's `kid` after a rotation has the length that the tokens need.
        server.rotate();
        server.retire();
        let key = server.keys().remove(0);
        Ok(Self { server, key })
    }

    /// The `iss` of its tokens, which is also the base URL of its discovery document.
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// Mints distinct valid tokens, on all cores.
    ///
    /// # Panics
    ///
    /// If a token does not have the length that the reports name.
    pub fn tokens(&self, numbers: Range<usize>) -> Vec<String> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let share = numbers.len().div_ceil(threads).max(1);
        let starts = numbers.clone().step_by(share);
        thread::scope(|scope| {
            let shares: Vec<_> = starts
                .map(|start| start..numbers.end.min(start + share))
                .map(|numbers| scope.spawn(move || numbers.map(|number| self.token(number)).collect::<Vec<_>>()))
                .collect();
            shares.into_iter().flat_map(|share| share.join().expect("signing does not panic")).collect()
        })
    }

    /// A token that must be rejected.
    pub fn bad_token(&self, bad: BadToken) -> String {
        let token = self.sign(&bad_payload(self.url(), bad));
        if bad != BadToken::Tampered {
            return token;
        }
        let good = self.token(0);
        let (signed, _) = good.rsplit_once('.').expect("a token has dots");
        let (_, other_signature) = token.rsplit_once('.').expect("a token has dots");
        format!("{signed}.{other_signature}")
    }

    fn token(&self, number: usize) -> String {
        measured(self.sign(&payload(self.url(), number)))
    }

    fn sign(&self, payload: &str) -> String {
        let header = json!({ "alg": self.key.algorithm().name(), "kid": self.key.kid(), "typ": "JWT" });
        self.key.sign(header.to_string(), payload)
    }
}
