//! Configuration of one trusted issuer: names, audience, kinds of token, claim rules.
//!
//! It is data. The verifier applies it.

pub(crate) mod audience;
pub(crate) mod claim_rule;
pub(crate) mod custom_rules;
pub(crate) mod issuer;
pub(crate) mod issuer_names;
pub(crate) mod token_kind;
#[cfg(feature = "dangerous-unsigned")]
pub(crate) mod unsigned;
