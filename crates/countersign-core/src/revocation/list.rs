//! A list of revocations in memory. An entry ends when every token that it could refuse has expired.

use crate::clock::{Clock, SystemClock, UnixTime};
use crate::revocation::Revocation;
use crate::revocation::shard::{Change, Entry, Shard, TOLD_APART};
use crate::verified::clock_skew::ClockSkew;
use crate::verified::digest::Digest;
use crate::verified::revocation_places::{Place, RevocationPlaces, What};
use crate::verified::token::VerifiedToken;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

/// The default number of entries.
pub(crate) const DEFAULT_ENTRIES: usize = 500_000;
/// The number of shards, each with its own lock.
const SHARDS: usize = 256;
/// The number of old entries and of shards that each revocation checks for expiry. So each one can free more entries
/// than it adds, in little time.
const CLEANED: (usize, usize) = (4, 8);
/// The same numbers for a full list.
const CLEANED_WHEN_FULL: (usize, usize) = (1_024, SHARDS);
/// The maximum number of entries to check while a shard is locked.
const CLEANED_AT_ONCE: usize = 8;

/// Revoked tokens, sessions and subjects. Clones share their entries.
///
/// Each [`Verifier`](crate::Verifier::revocations) has one; a list that several verifiers share is given to their
/// [builders](crate::VerifierBuilder::revocation). It is lost when the process ends, and other processes do not see it.
/// If that matters, fill it at startup and from a channel that reaches all processes.
///
/// Use the issuer and subject of the [`Principal`](crate::Principal). They may differ from the `iss` and `sub` of a
/// logout token: an issuer with several names has its first name here, and a claim map may read the subject from
/// another claim. An entry with a different name refuses nothing.
///
/// An entry ends at `until`. Pass the moment at which the last token that it could refuse has expired, plus the
/// leeway.
///
/// # Memory
///
/// An entry takes about 100 bytes for names of any length. A list has room for 500 000 entries by default, see
/// [`bounded`](Self::bounded). No entry is removed before its end. When more than eight tokens of one subject are
/// [revoked](Self::revoke) one by one, they become one entry of the subject. It refuses all tokens of the subject that
/// were issued up to the last revoked one, and those without `iat`. So a user never takes more than nine entries. In a
/// full list, entries are merged from the second token on. If there is still no room, the result is the error
/// [`RevocationListFull`].
///
/// Entries of sessions and identifiers have no subject and cannot be merged. They may take up to half of the list, so
/// there is room for tokens and subjects.
///
/// # Example
///
/// ```
/// use countersign_core::{Clock, RevocationList, RevokedTokens, SystemClock, Verifier};
/// use std::time::Duration;
///
/// let list = RevocationList::default();
/// let builder = Verifier::builder().revocation(list.clone());
/// # let _ = builder;
///
/// // Tokens live for an hour here.
/// let (issuer, now) = ("https://idp.example.com", SystemClock.now());
/// let until = now + Duration::from_secs(3_600 + 60);
/// list.revoke_all(RevokedTokens::Session { issuer, sid: "session 7" }, until)?;
/// list.revoke_all(RevokedTokens::Subject { issuer, subject: "alice", issued_until: now }, until)?;
/// assert_eq!(list.len(), 2);
/// # Ok::<(), countersign_core::RevocationListFull>(())
/// ```
#[derive(Clone)]
pub struct RevocationList(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    most: usize,
    /// The number of entries. Most programs never revoke anything. Their only cost is reading this number.
    count: AtomicUsize,
    /// The number of entries that are sessions or identifiers.
    names: AtomicUsize,
    shards: OnceLock<Box<[RwLock<Shard>]>>,
    /// The shard that is cleaned next.
    turn: AtomicUsize,
    /// The clock skew by issuer, for the configured issuers of all verifiers that share this list.
    skews: Mutex<HashMap<Box<str>, Arc<ClockSkew>>>,
}

/// The tokens that [`RevocationList::revoke_all`] revokes.
///
/// # Example
///
/// ```
/// use countersign_core::{RevokedTokens, UnixTime};
///
/// fn locked<'a>(subject: &'a str, now: UnixTime) -> RevokedTokens<'a> {
///     RevokedTokens::Subject { issuer: "https://idp.example.com", subject, issued_until: now }
/// }
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum RevokedTokens<'a> {
    /// The token with this identifier (RFC 7519 section 4.1.7).
    Id {
        /// The issuer, as [`Principal::issuer`](crate::Principal::issuer) gives it.
        issuer: &'a str,
        /// The `jti`.
        jti: &'a str,
    },
    /// All tokens of a session. A logout token names one (OpenID Connect Back-Channel Logout section 2.4).
    Session {
        /// The issuer, as [`Principal::issuer`](crate::Principal::issuer) gives it.
        issuer: &'a str,
        /// The `sid`.
        sid: &'a str,
    },
    /// All tokens of a subject that were issued up to a moment, and those without `iat`.
    ///
    /// An issuer's clock may be ahead of ours, within the leeway. Then the `iat` of its tokens is later than the
    /// moment at which they were issued. The difference is measured for each verified token, and the largest one so
    /// far is added to `issued_until`. A new token of an issuer whose clock is right is accepted from the next second
    /// on.
    ///
    /// Two revocations of one subject become one, with the later `issued_until` and the later end. So a subject that is
    /// blocked (`issued_until` in the future) stays blocked until the end of a later revocation.
    Subject {
        /// The issuer, as [`Principal::issuer`](crate::Principal::issuer) gives it.
        issuer: &'a str,
        /// The subject, as [`Principal::subject`](crate::Principal::subject) gives it.
        subject: &'a str,
        /// The last moment of our clock at which revoked tokens were issued. A fraction of a second is cut off.
        issued_until: UnixTime,
    },
}

impl fmt::Debug for RevokedTokens<'_> {
    /// Shows only the kind, since identifiers, sessions and subjects are personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Id { .. } => "RevokedTokens::Id",
            Self::Session { .. } => "RevokedTokens::Session",
            Self::Subject { .. } => "RevokedTokens::Subject",
        })
    }
}

/// The error of a full [`RevocationList`]. Nothing was revoked.
///
/// # Example
///
/// ```
/// use countersign_core::{RevocationList, RevocationListFull, RevokedTokens, SystemClock, UnixTime};
/// use std::sync::Arc;
///
/// let list = RevocationList::bounded(Arc::new(SystemClock), 1);
/// let session = |sid| RevokedTokens::Session { issuer: "https://idp.example.com", sid };
/// list.revoke_all(session("7"), UnixTime::from_secs(4_000_000_000))?;
/// assert!(list.revoke_all(session("8"), UnixTime::from_secs(4_000_000_000)).is_err());
/// # Ok::<(), RevocationListFull>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("could not revoke, the list of revocations is full: allow more entries or set earlier ends")]
#[non_exhaustive]
pub struct RevocationListFull;

impl RevocationList {
    /// Creates an empty list with this clock. [`default`](Self::default) uses the clock of the machine.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::bounded(clock, DEFAULT_ENTRIES)
    }

    /// Creates an empty list with this clock and this maximum number of entries, of about 100 bytes each.
    pub fn bounded(clock: Arc<dyn Clock>, entries: usize) -> Self {
        Self(Arc::new(Inner {
            clock,
            most: entries,
            count: AtomicUsize::new(0),
            names: AtomicUsize::new(0),
            shards: OnceLock::new(),
            turn: AtomicUsize::new(0),
            skews: Mutex::default(),
        }))
    }

    /// Revokes this token. Another encoding of its signature is revoked as well.
    ///
    /// The entry ends ten minutes after the token, since other verifiers that share the list may have a longer leeway.
    /// They must give the issuer the same first name, and take the subject from the same claim, as this token's
    /// verifier does.
    ///
    /// # Errors
    ///
    /// [`RevocationListFull`] if there is no room left and the subject has no entry that the token could be merged
    /// with.
    pub fn revoke(&self, token: &VerifiedToken) -> Result<(), RevocationListFull> {
        let RevocationPlaces { subject, .. } = token.revocation_places();
        self.add(*subject, Entry::token(token))
    }

    /// Revokes all these tokens. Pass as `until` the moment at which the last of them has expired, plus the leeway.
    ///
    /// # Errors
    ///
    /// [`RevocationListFull`] if there is no room left. For an identifier or a session, this happens when those take
    /// half of the list. For a subject, it happens when the list is full and has no entry of the subject. If a session
    /// does not fit, revoke its subject.
    pub fn revoke_all(&self, tokens: RevokedTokens<'_>, until: UnixTime) -> Result<(), RevocationListFull> {
        let until = until.as_secs_rounded_up();
        match tokens {
            RevokedTokens::Id { issuer, jti } => self.add(RevocationPlaces::id(issuer, jti), Entry::whole(until)),
            RevokedTokens::Session { issuer, sid } => {
                self.add(RevocationPlaces::session(issuer, sid), Entry::whole(until))
            }
            RevokedTokens::Subject { issuer, subject, issued_until } => {
                let place = Place { owner: RevocationPlaces::owner(issuer, subject), what: What::Subject };
                self.add(place, Entry { until, issued_until: issued_until.as_secs(), iat_until: 0 })
            }
        }
    }

    /// The number of entries, including entries that have ended but were not removed yet.
    pub fn len(&self) -> usize {
        self.0.count.load(Ordering::Acquire)
    }

    /// True if nothing is revoked.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn add(&self, place: Place, entry: Entry) -> Result<(), RevocationListFull> {
        let list = &*self.0;
        list.clean(CLEANED, false);
        if list.try_add(place, entry, false) {
            return Ok(());
        }
        list.clean(CLEANED_WHEN_FULL, true);
        if list.try_add(place, entry, true) { Ok(()) } else { Err(RevocationListFull) }
    }

    /// The clock skew of an issuer, as the verifiers that share this list have seen it.
    pub(crate) fn skew(&self, issuer: &str) -> Arc<ClockSkew> {
        let mut skews = self.0.skews.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(skews.entry(issuer.into()).or_default())
    }
}

impl Inner {
    fn shards(&self) -> &[RwLock<Shard>] {
        self.shards.get_or_init(|| (0..SHARDS).map(|_| RwLock::default()).collect())
    }

    fn shard(&self, owner: Digest) -> &RwLock<Shard> {
        &self.shards()[owner.bits() % SHARDS]
    }

    /// Adds an entry. If `is_last`, the entries of the subject are merged to make room.
    fn try_add(&self, place: Place, entry: Entry, is_last: bool) -> bool {
        let now = self.clock.now();
        let mut shard = self.shard(place.owner).write().unwrap_or_else(PoisonError::into_inner);
        if shard.add_to_known(place, entry, now) {
            return true;
        }
        let is_name = place.what == What::Name;
        let is_crowded = matches!(place.what, What::Token(_)) && shard.told_apart(place.owner, now) >= TOLD_APART;
        if !is_crowded && self.reserve(is_name) {
            shard.insert(place, entry);
            return true;
        }
        if is_name || !(is_crowded || is_last) {
            return false;
        }
        let change = shard.take_together(place.owner, Some(entry), now);
        change.map(|change| self.release(change)).is_some()
    }

    /// Reserves room before an entry is added, so that the list never exceeds its maximum.
    fn reserve(&self, is_name: bool) -> bool {
        let take = |count: &AtomicUsize, most: usize| {
            let next = |count| (count < most).then_some(count + 1);
            count.fetch_update(Ordering::AcqRel, Ordering::Acquire, next).is_ok()
        };
        if is_name && !take(&self.names, self.most.div_ceil(2)) {
            return false;
        }
        let is_there = take(&self.count, self.most);
        if is_name && !is_there {
            self.names.fetch_sub(1, Ordering::AcqRel);
        }
        is_there
    }

    fn release(&self, change: Change) {
        self.count.fetch_sub(change.taken_out, Ordering::AcqRel);
        self.names.fetch_sub(change.names, Ordering::AcqRel);
    }

    /// Checks this many entries of this many shards for expiry, and locks one shard at a time.
    fn clean(&self, (mut entries, shards): (usize, usize), is_scarce: bool) {
        let now = self.clock.now();
        for _ in 0..shards {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed);
            let shard = &self.shards()[turn % SHARDS];
            let most = entries.min(CLEANED_AT_ONCE);
            let change = shard.write().unwrap_or_else(PoisonError::into_inner).clean(now, most, is_scarce);
            self.release(change);
            entries -= change.looked_at;
            if entries == 0 {
                return;
            }
        }
    }
}

impl Revocation for RevocationList {
    #[inline]
    fn is_revoked(&self, token: &VerifiedToken) -> bool {
        !self.is_empty() && self.0.holds(token)
    }
}

impl Inner {
    #[cold]
    fn holds(&self, token: &VerifiedToken) -> bool {
        let now = self.clock.now();
        let RevocationPlaces { subject, names } = token.revocation_places();
        // There is no entry of the other kind to look for.
        let names = names.iter().flatten().filter(|_| self.names.load(Ordering::Acquire) > 0);
        std::iter::once(subject).chain(names).any(|place| {
            let shard = self.shard(place.owner).read().unwrap_or_else(PoisonError::into_inner);
            shard.refuses(token, *place, now)
        })
    }
}

impl Default for RevocationList {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock))
    }
}

impl fmt::Debug for RevocationList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationList").field("len", &self.len()).finish_non_exhaustive()
    }
}
