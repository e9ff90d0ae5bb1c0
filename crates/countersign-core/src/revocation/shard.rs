//! A part of a list of revocations. It contains the entries of some owners, sorted by digest.

use crate::clock::UnixTime;
use crate::verified::clock_skew::MAX_LEEWAY;
use crate::verified::digest::Digest;
use crate::verified::revocation_places::{Place, What};
use crate::verified::token::VerifiedToken;
use std::collections::BTreeMap;

/// The maximum number of entries for single tokens of one subject. With one more, they become one entry of the subject.
pub(crate) const TOLD_APART: usize = 8;

/// A range of refused tokens, in seconds since 1970.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    /// The moment from which the entry refuses nothing.
    pub(crate) until: u64,
    /// Tokens that were issued up to this second of our clock.
    pub(crate) issued_until: u64,
    /// Tokens with an `iat` up to this second, regardless of our clock.
    pub(crate) iat_until: u64,
}

impl Entry {
    /// Every token.
    pub(crate) fn whole(until: u64) -> Self {
        Self { until, issued_until: u64::MAX, iat_until: u64::MAX }
    }

    /// Refuses one token. Its `iat` is used if the entry is merged with others. The entry ends after the longest
    /// possible leeway, since another verifier that shares the list may accept the token for longer.
    pub(crate) fn token(token: &VerifiedToken) -> Self {
        Self {
            until: token.expires_at().saturating_add(MAX_LEEWAY).as_secs_rounded_up(),
            issued_until: 0,
            iat_until: token.issued_at().map_or(0, UnixTime::as_secs_rounded_up),
        }
    }

    /// Extends the entry. Revoked tokens stay revoked.
    fn widen(&mut self, other: Self) {
        self.until = self.until.max(other.until);
        self.issued_until = self.issued_until.max(other.issued_until);
        self.iat_until = self.iat_until.max(other.iat_until);
    }

    fn covers(&self, other: Self) -> bool {
        let mut both = *self;
        both.widen(other);
        (both.until, both.issued_until, both.iat_until) == (self.until, self.issued_until, self.iat_until)
    }

    /// A fraction counts as its whole second, since `iat` cannot show the order of tokens within one second.
    fn means(&self, token: &VerifiedToken) -> bool {
        token.issued_at().map(UnixTime::as_secs).is_none_or(|iat| {
            iat <= self.iat_until || iat <= self.issued_until.saturating_add(token.provenance().seconds_ahead())
        })
    }

    fn has_ended(&self, now: UnixTime) -> bool {
        now >= UnixTime::from_secs(self.until)
    }
}

/// The change in the number of entries.
#[derive(Clone, Copy, Default)]
pub(crate) struct Change {
    pub(crate) taken_out: usize,
    /// The change in the number of sessions and identifiers among them.
    pub(crate) names: usize,
    pub(crate) looked_at: usize,
}

pub(crate) struct Shard {
    entries: BTreeMap<Place, Entry>,
    /// The place at which cleaning continues.
    clean_from: Place,
}

const FIRST: Place = Place { owner: Digest::MIN, what: What::Subject };

impl Default for Shard {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), clean_from: FIRST }
    }
}

impl Shard {
    /// Extends an existing entry, if there is one. Then the number of entries does not change. An entry that has ended
    /// is replaced, since extending it would refuse tokens again that it no longer refuses.
    pub(crate) fn add_to_known(&mut self, place: Place, entry: Entry, now: UnixTime) -> bool {
        let subject = Place { what: What::Subject, ..place };
        if matches!(place.what, What::Token(_)) && self.entries.get(&subject).is_some_and(|known| known.covers(entry)) {
            return true;
        }
        match self.entries.get_mut(&place) {
            Some(known) if known.has_ended(now) => *known = entry,
            Some(known) => known.widen(entry),
            None => return false,
        }
        true
    }

    pub(crate) fn insert(&mut self, place: Place, entry: Entry) {
        self.entries.insert(place, entry);
    }

    /// The number of entries for single tokens of a subject.
    pub(crate) fn told_apart(&self, owner: Digest, now: UnixTime) -> usize {
        self.of(owner).filter(|(place, entry)| matches!(place.what, What::Token(_)) && !entry.has_ended(now)).count()
    }

    /// Merges all entries of a subject with `entry`. Returns `None` if the subject has no entry, and then there is no
    /// room. The merged entry also refuses other tokens of the subject that are older than the youngest revoked one.
    /// Entries that have ended are removed.
    pub(crate) fn take_together(&mut self, owner: Digest, entry: Option<Entry>, now: UnixTime) -> Option<Change> {
        let places: Vec<Place> =
            self.of(owner).map(|(place, _)| place).filter(|place| place.what != What::Name).collect();
        let mut together = entry;
        for place in &places {
            let known = self.entries.remove(place)?;
            if !known.has_ended(now) {
                together.get_or_insert(known).widen(known);
            }
        }
        if places.is_empty() {
            return None;
        }
        if let Some(together) = together {
            self.entries.insert(Place { owner, what: What::Subject }, together);
        }
        let taken_out = places.len() - usize::from(together.is_some());
        Some(Change { taken_out, ..Change::default() })
    }

    /// True if an entry of the place's owner refuses the token.
    pub(crate) fn refuses(&self, token: &VerifiedToken, place: Place, now: UnixTime) -> bool {
        let refuses = |entry: &Entry| !entry.has_ended(now) && entry.means(token);
        match place.what {
            What::Token(_) => self.of(place.owner).any(|(known, entry)| match known.what {
                What::Token(_) => known == place && !entry.has_ended(now),
                What::Subject => refuses(entry),
                What::Name => false,
            }),
            _ => self.entries.get(&place).is_some_and(refuses),
        }
    }

    /// Checks this many entries and removes those that have ended. If room is scarce, it also merges the entries of
    /// one subject.
    pub(crate) fn clean(&mut self, now: UnixTime, most: usize, is_scarce: bool) -> Change {
        let window: Vec<(Place, bool)> = self
            .entries
            .range(self.clean_from..)
            .take(most + 1)
            .map(|(place, entry)| (*place, entry.has_ended(now)))
            .collect();
        self.clean_from = window.get(most).map_or(FIRST, |(place, _)| *place);
        let mut change = Change { looked_at: window.len().min(most), ..Change::default() };
        for (place, has_ended) in window.into_iter().take(most) {
            if has_ended {
                let is_out = self.entries.remove(&place).is_some();
                change.taken_out += usize::from(is_out);
                change.names += usize::from(is_out && place.what == What::Name);
            } else if is_scarce && matches!(place.what, What::Token(_)) && self.of(place.owner).nth(1).is_some() {
                change.taken_out += self.take_together(place.owner, None, now).unwrap_or_default().taken_out;
            }
        }
        change
    }

    fn of(&self, owner: Digest) -> impl Iterator<Item = (Place, &Entry)> {
        let entries = self.entries.range(Place { owner, what: What::Subject }..);
        entries.map(|(place, entry)| (*place, entry)).take_while(move |(place, _)| place.owner == owner)
    }
}
