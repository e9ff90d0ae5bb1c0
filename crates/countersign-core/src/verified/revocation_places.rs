//! The places of revocations in a list. They are digests, so each uses the same memory.

use crate::verified::digest::Digest;

/// The place of an entry. All entries of a subject are next to each other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// A subject, a session or the identifier of a token.
    pub(crate) owner: Digest,
    pub(crate) what: What,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// All tokens of a subject that were issued up to a moment.
    Subject,
    /// All tokens of a session, or with an identifier.
    Name,
    /// One token of a subject, by its signed text.
    Token(Digest),
}

/// The places where revocations of a token would be. They are computed once for each token, and only if the list has
/// an entry.
pub(crate) struct RevocationPlaces {
    /// The token among those of its subject.
    pub(crate) subject: Place,
    /// Its identifier and its session.
    pub(crate) names: [Option<Place>; 2],
}

impl RevocationPlaces {
    pub(crate) fn new(issuer: &str, subject: &str, signed: &str, id: Option<&str>, session: Option<&str>) -> Self {
        // The digest covers the signed text only. A signature can have several encodings (ECDSA accepts `s` and `n -
        // s`), but the signed text has one.
        let signed = Digest::of(["signed", issuer, signed]);
        Self {
            subject: Place { owner: Self::owner(issuer, subject), what: What::Token(signed) },
            names: [id.map(|jti| Self::id(issuer, jti)), session.map(|sid| Self::session(issuer, sid))],
        }
    }

    pub(crate) fn owner(issuer: &str, subject: &str) -> Digest {
        Digest::of(["subject", issuer, subject])
    }

    pub(crate) fn id(issuer: &str, jti: &str) -> Place {
        Place { owner: Digest::of(["id", issuer, jti]), what: What::Name }
    }

    pub(crate) fn session(issuer: &str, sid: &str) -> Place {
        Place { owner: Digest::of(["session", issuer, sid]), what: What::Name }
    }
}
