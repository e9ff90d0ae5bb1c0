//! A cache of headers that were parsed before.

use crate::error::TokenError;
use crate::token::raw::{Header, RawToken};
use arc_swap::ArcSwap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of cached headers. An issuer writes one header for each of its keys and kinds of token.
const PLACES: usize = 8;
/// Longer ones are not remembered, in characters of base64url.
const MAX_TEXT: usize = 1024;
/// When all places are taken one of so many new headers takes the place of an old one: an issuer that writes another header
/// into each token then costs next to nothing, and a rotation is learnt all the same.
const ONE_IN: usize = 64;

/// Headers of tokens that were verified, by their exact text. Only such are remembered, so that nobody but an issuer has a
/// say in what is.
#[derive(Default)]
pub(crate) struct HeaderCache {
    known: ArcSwap<Vec<(Box<str>, Arc<Header>)>>,
    unknown: AtomicUsize,
}

impl HeaderCache {
    /// The token's header: the one that is remembered, or read anew.
    pub(crate) fn read(&self, token: &RawToken<'_>) -> Result<Arc<Header>, TokenError> {
        match self.find(token.header) {
            Some(header) => Ok(header),
            None => token.header().map(Arc::new),
        }
    }

    /// Remembers the header of a token that was verified.
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
        assert!(memo.find("once-9999").is_none(), "what is new is rarely remembered when all places are taken");
        for _ in 0..ONE_IN {
            remember("rotated");
        }
        assert!(memo.find("rotated").is_some());
        let long = "a".repeat(MAX_TEXT + 1);
        remember(&long);
        assert!(memo.find(&long).is_none());
    }
}
