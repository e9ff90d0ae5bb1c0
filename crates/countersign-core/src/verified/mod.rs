//! Verified tokens: the proof, and the claims as types.
//!
//! Only `verifier/` constructs the proof.

pub(crate) mod claims;
pub(crate) mod clock_skew;
pub(crate) mod digest;
pub(crate) mod merged_principal;
pub(crate) mod provenance;
pub(crate) mod revocation_places;
pub(crate) mod token;
pub(crate) mod token_claims;
pub(crate) mod typed_claims;
pub(crate) mod weighing;
