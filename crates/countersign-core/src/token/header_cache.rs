//! A cache of parsed headers.

use crate::error::TokenError;
use crate::token::raw::{Header, RawToken};
use arc_swap::ArcSwap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of cached headers. An issuer writes one header for each combination of key and kind of token.
const PLACES: usize = 8;
/// The longest header that is cached, in characters of base64url.
const MAX_TEXT: usize = 1024;
/// The share of new headers that replace an old one while the cache is full: one of this many. So an issuer that writes
/// a different header into each token costs almost nothing, and the headers after a rotation still enter the cache.
const ONE_IN: usize = 64;

/// Headers of verified tokens, by their exact text. Only an issuer can make such a header, so nobody else can fill the
/// cache.
#[derive(Default)]
pub(crate) struct HeaderCache {
    known: ArcSwap<Vec<(Box<str>, Arc<Header>)>>,
    unknown: AtomicUsize,
}

impl HeaderCache {
    /// Returns the token's header from the cache, or parses it.
    pub(crate) fn read(&self, token: &RawToken<'_>) -> Result<Arc<Header>, TokenError> {
        match self.find(token.header) {
            Some(header) => Ok(header),
            None => token.header().map(Arc::new),
        }
    }

    /// Caches the header of a verified token.
    pub(crate) fn remember(&self, token: &RawToken<'_>, header: &Arc<Header>) {
        let text = token.header;
        if text.len() > MAX_TEXT || self.find(text).is_some() {
            return;
        }
        let count = self.unknown.fetch_add(1, Ordering::Relaxed);
        if count >= PLACES && !count.is_multiple_of(ONE_IN) {
            return;
        }
        self.known.rcu(|known| {
            let mut known = Vec::clone(known);
            if known.len() == PLACES {
                known.remove(0);
            }
            known.push((text.into(), Arc::clone(header)));
            known
        });
    }

    fn find(&self, text: &str) -> Option<Arc<Header>> {
        let known = self.known.load();
        known.iter().find(|(other, _)| **other == *text).map(|(_, header)| Arc::clone(header))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::algorithm::Algorithm;

    #[test]
    fn few_headers_are_remembered_and_new_ones_are_learnt_in_time() {
        let memo = HeaderCache::default();
        let header = Arc::new(Header { algorithm: Algorithm::ES256, kid: None, typ: None });
        let remember = |text: &str| memo.remember(&RawToken::parse(&format!("{text}.e30.AA")).unwrap(), &header);
        for number in 0..10_000 {
            remember(&format!("once-{number}"));
            assert!(memo.known.load().len() <= PLACES);
        }
        assert!(memo.find("once-9999").is_none(), "a new header is rarely cached while the cache is full");
        for _ in 0..ONE_IN {
            remember("rotated");
        }
        assert!(memo.find("rotated").is_some());
        let long = "a".repeat(MAX_TEXT + 1);
        remember(&long);
        assert!(memo.find(&long).is_none());
    }
}
