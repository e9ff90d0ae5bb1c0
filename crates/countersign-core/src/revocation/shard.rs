//! A part of a list of revocations: those of some owners, in the order of their digests.

use crate::clock::UnixTime;
use crate::verified::clock_skew::MAX_LEEWAY;
use crate::verified::digest::Digest;
use crate::verified::revocation_places::{Place, What};
use crate::verified::token::VerifiedToken;
use std::collections::BTreeMap;

/// So many tokens of one subject are told apart. One more, and they become one entry of the subject.
pub(crate) const TOLD_APART: usize = 8;

/// A range of refused tokens, in seconds since 1970.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    /// From here on nothing is.
    pub(crate) until: u64,
    /// Tokens that were issued up to this second of our clock.
    pub(crate) issued_until: u64,
    /// Tokens whose `iat` is not later, whatever our clock says.
    pub(crate) iat_until: u64,
}

impl Entry {
    /// Every token.
    pub(crate) fn whole(until: u64) -> Self {
        Self { until, issued_until: u64::MAX, iat_until: u64::MAX }
    }

    /// One token: by its `iat`, for when it is taken together with others. It ends when the longest leeway has passed: another
    /// verifier may share the list, and accept the token for longer.
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

    /// A fraction belongs to its second: what was issued later in it cannot be told from what was issued before.
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
    /// Those among them that are sessions or identifiers.
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
    /// Adds to what is there already, where that is enough; then nothing more is held than before. An entry that has ended is
    /// replaced: together with a later end it would refuse again what it no longer refuses.
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

    /// The number of a subject's tokens that are told apart.
    pub(crate) fn told_apart(&self, owner: Digest, now: UnixTime) -> usize {
        self.of(owner).filter(|(place, entry)| matches!(place.what, What::Token(_)) && !entry.has_ended(now)).count()
    }

    /// Takes together what is known of a subject, and `entry`. `None` where nothing is known: then there is no place for
    /// more. A token that comes later and is older than the youngest of those is refused with them. Entries that have ended
    /// are taken out.
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

    /// Looks at so many entries, takes out those that ended and, where room is scarce, takes those of one subject together.
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
