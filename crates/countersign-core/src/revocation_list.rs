//! What the application has revoked, in memory, each entry until no token is left that it could refuse.

use crate::clock::{Clock, SystemClock};
use crate::revocation::Revocation;
use crate::verified_token::VerifiedToken;
use foldhash::quality::RandomState;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// Fewer entries are not worth cleaning up.
const FEW: usize = 64;

/// Tokens, sessions and subjects that count no more. Clones share their entries.
///
/// Each [`Verifier`](crate::Verifier::revocations) has one; a list that several verifiers share is given to their
/// [builders](crate::VerifierBuilder::revocation). It is forgotten when the process ends, and no other process learns of it:
/// fill it at the start, and from whatever tells all processes, where that matters.
///
/// Issuers and subjects are those of the [`Principal`](crate::Principal), which a token of the same caller has too, and not
/// always the `iss` and `sub` of a logout token: an issuer of several names counts by its first one, and a claim map may take
/// the subject from elsewhere. An entry under another name refuses nothing.
///
/// An entry ends at `until`, in seconds since 1970: name the moment at which the last token that it could refuse has
/// expired, leeway included.
///
/// # Example
///
/// ```
/// use countersign_core::{Clock, RevocationList, SystemClock, Verifier};
///
/// let list = RevocationList::default();
/// let builder = Verifier::builder().revocation(list.clone());
/// # let _ = builder;
///
/// // Tokens live for an hour here.
/// let now = SystemClock.now().as_secs();
/// list.revoke_session("https://idp.example.com", "session 7", now + 3_600 + 60);
/// list.revoke_subject("https://idp.example.com", "alice", now, now + 3_600 + 60);
/// assert_eq!(list.len(), 2);
/// ```
#[derive(Clone)]
pub struct RevocationList(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    /// Most programs never revoke anything, and pay for the look at a number.
    count: AtomicUsize,
    entries: RwLock<Entries>,
}

/// By issuer, then by name: neither look-up needs a text of its own.
type ByIssuer = HashMap<Box<str>, HashMap<Box<str>, Entry, RandomState>, RandomState>;

#[derive(Default)]
struct Entries {
    /// By what was signed, and not by the whole token: a signature can be written in more than one way (ECDSA takes `s`
    /// and `n - s`), what it signs cannot.
    signed: ByIssuer,
    ids: ByIssuer,
    sessions: ByIssuer,
    subjects: ByIssuer,
    /// At so many entries those that ended are taken out, so that each revocation pays for a bounded part of it.
    clean_at: usize,
}

#[derive(Clone, Copy)]
struct Entry {
    until: Duration,
    /// Later tokens are not meant.
    issued_until: Duration,
}

impl RevocationList {
    /// An empty list that goes by this clock; [`default`](Self::default) goes by the machine's.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner { clock, count: AtomicUsize::new(0), entries: RwLock::default() }))
    }

    /// Revokes this very token, however its signature is written.
    pub fn revoke(&self, token: &VerifiedToken) {
        let entry = Entry { until: token.expired(), issued_until: Duration::MAX };
        self.add(|entries| &mut entries.signed, token.principal().issuer(), token.signed(), entry);
    }

    /// Revokes the token with this `jti` (RFC 7519 section 4.1.7).
    pub fn revoke_id(&self, issuer: &str, jti: &str, until: u64) {
        self.add(|entries| &mut entries.ids, issuer, jti, Entry::whole(until));
    }

    /// Revokes all tokens of the session with this `sid`: what a logout token names (OpenID Connect Back-Channel Logout
    /// section 2.4).
    pub fn revoke_session(&self, issuer: &str, sid: &str, until: u64) {
        self.add(|entries| &mut entries.sessions, issuer, sid, Entry::whole(until));
    }

    /// Revokes all tokens of the subject that were issued up to this second, in seconds since 1970, and those that do not
    /// say when they were.
    pub fn revoke_subject(&self, issuer: &str, subject: &str, issued_until: u64, until: u64) {
        // A fraction belongs to its second: what was issued later in it cannot be told from what was issued before.
        let issued_until = Duration::from_secs(issued_until).saturating_add(Duration::from_nanos(999_999_999));
        let entry = Entry { issued_until, ..Entry::whole(until) };
        self.add(|entries| &mut entries.subjects, issuer, subject, entry);
    }

    /// The number of entries, those included that ended and were not taken out yet.
    pub fn len(&self) -> usize {
        self.0.count.load(Ordering::Acquire)
    }

    /// Whether nothing is revoked.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn add(&self, list: impl FnOnce(&mut Entries) -> &mut ByIssuer, issuer: &str, name: &str, entry: Entry) {
        let mut entries = self.0.entries.write().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= entries.clean_at.max(FEW) {
            let now = self.0.clock.now();
            entries.clean(now);
            entries.clean_at = 2 * entries.len();
        }
        // What was revoked stays so: a later entry only widens an earlier one.
        let names = list(&mut entries).entry(issuer.into()).or_default();
        names.entry(name.into()).and_modify(|known| known.widen(entry)).or_insert(entry);
        self.0.count.store(entries.len(), Ordering::Release);
    }
}

impl Revocation for RevocationList {
    #[inline]
    fn is_revoked(&self, token: &VerifiedToken) -> bool {
        !self.is_empty() && self.holds(token)
    }
}

impl RevocationList {
    #[cold]
    fn holds(&self, token: &VerifiedToken) -> bool {
        let entries = self.0.entries.read().unwrap_or_else(PoisonError::into_inner);
        let principal = token.principal();
        [
            (&entries.signed, Some(token.signed())),
            (&entries.ids, token.id()),
            (&entries.sessions, token.session()),
            (&entries.subjects, Some(principal.subject())),
        ]
        .into_iter()
        .filter_map(|(list, name)| list.get(principal.issuer())?.get(name?))
        .any(|entry| entry.means(token) && self.0.clock.now() < entry.until)
    }
}

impl Entries {
    fn lists(&self) -> [&ByIssuer; 4] {
        [&self.signed, &self.ids, &self.sessions, &self.subjects]
    }

    fn len(&self) -> usize {
        self.lists().into_iter().flat_map(HashMap::values).map(HashMap::len).sum()
    }

    fn clean(&mut self, now: Duration) {
        for list in [&mut self.signed, &mut self.ids, &mut self.sessions, &mut self.subjects] {
            list.retain(|_, names| {
                names.retain(|_, entry| now < entry.until);
                !names.is_empty()
            });
        }
    }
}

impl Entry {
    fn whole(until: u64) -> Self {
        Self { until: Duration::from_secs(until), issued_until: Duration::MAX }
    }

    fn widen(&mut self, other: Self) {
        self.until = self.until.max(other.until);
        self.issued_until = self.issued_until.max(other.issued_until);
    }

    fn means(&self, token: &VerifiedToken) -> bool {
        token.issued().is_none_or(|issued| issued <= self.issued_until)
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
