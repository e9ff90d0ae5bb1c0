//! The caller of one token compared with that of another.

use crate::extract::principal::Principal;
use countersign_core::{Claims, TokenError};

/// Claims that name the party which acts for the subject: the actor (RFC 8693 section 4.1), and the client that the
/// token was issued to, under the names that providers give it.
const PARTIES: [&str; 5] = ["act", "azp", "client_id", "appid", "cid"];

/// True if both tokens agree in everything that identifies a caller: issuer, subject, tenant, person or program, actor
/// and client. A claim that only one of them has is a difference.
///
/// User names and e-mail addresses may change between two tokens of one caller.
pub(crate) fn is_same_caller(one: &Principal, other: &Principal) -> Result<bool, TokenError> {
    let who = |of: &Principal| (of.issuer().to_owned(), of.subject().to_owned(), of.tenant().map(str::to_owned));
    if who(one) != who(other) || one.is_machine() != other.is_machine() {
        return Ok(false);
    }
    // Not shared with the token: no other code reads them, and the cache would keep them.
    let (ones, others): (Claims, Claims) = (one.token().deserialize()?, other.token().deserialize()?);
    Ok(PARTIES.iter().all(|party| {
        // A `null` counts as absent, as it does everywhere.
        let (one, other) = (ones.get(party), others.get(party));
        one.filter(|value| !value.is_null()) == other.filter(|value| !value.is_null())
    }))
}
