//! Errors, grouped by their source: the configuration ([`ConfigError`]), the token ([`TokenError`]), or a dependency
//! that does not answer ([`Unavailable`]).

use crate::keys::algorithm::Algorithms;
use std::time::Duration;
use thiserror::Error;

/// A mistake in the configuration. Only [`VerifierBuilder::build`](crate::VerifierBuilder::build) and the constructors
/// of presets return it. A request never causes it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The builder was given no issuer.
    #[error("no issuer is configured: add one with `.issuer(..)`")]
    NoIssuer,
    /// Two issuers of one verifier have the same `iss`.
    #[error("issuer `{0}` is configured twice: give each `iss` once")]
    DuplicateIssuer(String),
    /// The issuer is empty, is not a URL although it must be one, or uses a scheme other than https outside loopback.
    #[error("issuer `{issuer}` {problem}")]
    InvalidIssuer {
        /// The issuer as configured.
        issuer: String,
        /// The problem, with what to do about it.
        problem: &'static str,
    },
    /// The issuer has no audience rule, or an empty one.
    #[error(
        "issuer `{0}` has no audience: name the API with `.audience(..)` or the client with `.client_id(..)`, or any token of the issuer would be accepted"
    )]
    NoAudience(String),
    /// The allow-list of algorithms is empty.
    #[error("issuer `{0}` allows no algorithm: name at least one")]
    NoAlgorithm(String),
    /// None of the static keys can verify a token under the allow-list.
    #[error("issuer `{issuer}` has no usable key for {allowed:?}: {skipped}")]
    NoUsableKey {
        /// The issuer as configured.
        issuer: String,
        /// The allow-list.
        allowed: Algorithms,
        /// Each key that was skipped, with its reason.
        skipped: String,
    },
    /// Keys are [required](crate::VerifierBuilder::require_keys) at startup, but could not be fetched.
    #[error("could not fetch keys of issuer `{issuer}` (required at startup): {reason}")]
    NoKeys {
        /// The issuer as configured.
        issuer: String,
        /// The cause.
        reason: String,
    },
    /// Two static keys match the same tokens, so neither can be chosen.
    #[error("issuer `{0}` has two keys for the same `kid` and algorithm: give each its own `kid` in a JWK set")]
    AmbiguousKeys(String),
    /// The text is not a JWK set.
    #[error("the JWK set cannot be read: {0}")]
    InvalidJwks(&'static str),
    /// A PEM text holds no public key.
    #[error("the PEM text cannot be read: {0}")]
    InvalidPem(&'static str),
    /// The leeway is longer than ten minutes.
    #[error("a leeway of {0:?} is too long: use at most ten minutes")]
    LeewayTooLong(Duration),
    /// A setting of an issuer has an invalid value.
    #[error("issuer `{issuer}`: `{setting}` {problem}")]
    InvalidSetting {
        /// The issuer as configured.
        issuer: String,
        /// The name of the setting.
        setting: &'static str,
        /// The problem, with what to do about it.
        problem: &'static str,
    },
    /// An argument of a preset does not have the provider's format.
    #[error("`{value}` is not a {what}: {expected}")]
    InvalidArgument {
        /// The name of the argument, such as "user pool id".
        what: &'static str,
        /// The value as configured.
        value: String,
        /// The expected format.
        expected: &'static str,
    },
    /// An environment variable that a preset needs is not set.
    #[error("{name} is not set: give {what}")]
    MissingVariable {
        /// The variable's name.
        name: &'static str,
        /// The expected content.
        what: &'static str,
    },
    /// A preset was given no keys, and cannot fetch any without the cargo feature `fetch`.
    #[error(
        "issuer `{0}` has no keys: give them with `.jwks(..)`, `.pem(..)` or `.keys(..)`, or enable the cargo feature `fetch`"
    )]
    KeysNotGiven(String),
    /// Unsigned tokens were to be accepted from an emulator on another machine.
    #[cfg(feature = "dangerous-unsigned")]
    #[error(
        "unsigned tokens are accepted only from an emulator on this machine, not from `{0}`: use 127.0.0.1 and a port"
    )]
    UnsignedTokens(String),
    /// The HTTP client that fetches keys could not be created.
    #[error("the HTTP client cannot be made: pass one with `.http_client(..)`")]
    HttpClient(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The reason why a token was refused. It is for logs and tests. Clients only learn that the token was refused.
///
/// A token with several faults is refused for the first in this order: its parts and its header, the JSON of its
/// claims, its issuer, its algorithm and type, its key and signature, its claims, its revocation, the application's own
/// rules. The order is the same for one issuer and for several, and for a token in the cache.
///
/// No variant holds anything from the token, so a logged reason never leaks a credential.
///
/// # Example
///
/// ```
/// use countersign_core::TokenError;
///
/// assert_eq!(TokenError::Expired.code(), "expired");
/// ```
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenError {
    /// The token is longer than 16 KiB.
    #[error("token is longer than 16 KiB")]
    TooLong,
    /// The token is not three non-empty parts of unpadded base64url (RFC 7515 section 7.1).
    #[error("token is not three parts of base64url")]
    NotCompact,
    /// The header is not a strict JSON object, is longer than 6 KiB, or has a member of the wrong type.
    #[error("header is malformed")]
    MalformedHeader,
    /// The header has an unsupported member: `crit`, `b64`, `zip` or `cty`.
    #[error("header uses an extension that is not supported")]
    UnsupportedHeader,
    /// `alg` is missing, unknown, symmetric or `none`, or not on the issuer's allow-list.
    #[error("algorithm is not allowed")]
    AlgorithmNotAllowed,
    /// `typ` names a kind of token that is not accepted here (RFC 8725 section 3.11).
    #[error("type `typ` is not accepted")]
    TypeNotAccepted,
    /// `iss` names no configured issuer.
    #[error("issuer is not trusted")]
    UnknownIssuer,
    /// No key of the issuer has this `kid` and algorithm.
    #[error("no key of the issuer has this `kid` and `alg`")]
    UnknownKey,
    /// Several keys of the issuer match.
    #[error("several keys of the issuer match")]
    AmbiguousKey,
    /// The signature does not verify.
    #[error("signature does not verify")]
    BadSignature,
    /// The payload is not a strict JSON object.
    #[error("claims are malformed")]
    MalformedClaims,
    /// A required claim is missing.
    #[error("claim `{0}` is missing")]
    MissingClaim(&'static str),
    /// A claim has the wrong type.
    #[error("claim `{0}` has the wrong type")]
    InvalidClaim(&'static str),
    /// The token is for another audience.
    #[error("token is for another audience")]
    WrongAudience,
    /// `exp` plus the leeway has passed.
    #[error("token expired")]
    Expired,
    /// `nbf` is in the future by more than the leeway.
    #[error("token is not valid yet")]
    NotYetValid,
    /// `iat` is in the future by more than the leeway.
    #[error("token was issued in the future")]
    IssuedInFuture,
    /// The lifetime of the token exceeds the issuer's [maximum](crate::Issuer::max_lifetime).
    #[error("token has a longer lifetime than is accepted")]
    LivesTooLong,
    /// The token belongs to another tenant, or names two tenants.
    #[error("token is of another tenant")]
    WrongTenant,
    /// The claim does not meet a [rule](crate::Issuer::rule) of the issuer.
    #[error("claim `{0}` is not accepted")]
    ClaimNotAccepted(&'static str),
    /// The key that verified the token belongs to another tenant.
    #[error("key belongs to another tenant")]
    ForeignKey,
    /// The claims belong to another kind of token, for example an ID token in place of an access token.
    #[error("token is of another kind")]
    WrongKind,
    /// The application has [revoked](crate::Verifier::revoke) the token.
    #[error("token was revoked")]
    Revoked,
    /// A rule of the application refused the token, with this code.
    #[error("refused by a rule of the application: {0}")]
    RefusedByRule(&'static str),
    /// The verified claims do not fit the type that the handler requests.
    #[error("claims do not fit the handler's type")]
    ClaimsMismatch,
}

impl TokenError {
    /// A stable code for logs and metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::NotCompact => "not_compact",
            Self::MalformedHeader => "malformed_header",
            Self::UnsupportedHeader => "unsupported_header",
            Self::AlgorithmNotAllowed => "algorithm_not_allowed",
            Self::TypeNotAccepted => "type_not_accepted",
            Self::UnknownIssuer => "unknown_issuer",
            Self::UnknownKey => "unknown_key",
            Self::AmbiguousKey => "ambiguous_key",
            Self::BadSignature => "bad_signature",
            Self::MalformedClaims => "malformed_claims",
            Self::MissingClaim(_) => "missing_claim",
            Self::InvalidClaim(_) => "invalid_claim",
            Self::WrongAudience => "wrong_audience",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::IssuedInFuture => "issued_in_future",
            Self::LivesTooLong => "lives_too_long",
            Self::WrongTenant => "wrong_tenant",
            Self::ClaimNotAccepted(_) => "claim_not_accepted",
            Self::ForeignKey => "foreign_key",
            Self::WrongKind => "wrong_kind",
            Self::Revoked => "revoked",
            Self::RefusedByRule(_) => "refused_by_rule",
            Self::ClaimsMismatch => "claims_mismatch",
        }
    }
}

/// A refusal by one of the application's own rules. The code is for logs, and must hold nothing from the token.
impl From<&'static str> for TokenError {
    fn from(code: &'static str) -> Self {
        Self::RefusedByRule(code)
    }
}

/// A temporary failure: the request cannot be decided, because a dependency did not answer.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("no decision is possible now: could not get {dependency}")]
#[non_exhaustive]
pub struct Unavailable {
    /// The time until the next try is useful, in whole seconds.
    pub retry_after: Duration,
    /// The dependency that did not answer.
    pub dependency: Dependency,
}

impl Unavailable {
    /// Creates the failure of a dependency. The next try is useful after `retry_after`, in whole seconds.
    ///
    /// # Example
    ///
    /// ```
    /// use countersign_core::{Dependency, Unavailable};
    /// use std::time::Duration;
    ///
    /// let unavailable = Unavailable::new(Dependency::Rule, Duration::from_secs(5));
    /// assert_eq!(unavailable.retry_after.as_secs(), 5);
    /// ```
    pub fn new(dependency: Dependency, retry_after: Duration) -> Self {
        Self { retry_after, dependency }
    }
}

/// A dependency of the decision, other than the token.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dependency {
    /// The keys of the token's issuer.
    #[error("the issuer's keys")]
    Keys,
    /// Entitlements from an [`EntitlementsProvider`](crate::EntitlementsProvider).
    #[error("the caller's entitlements")]
    Entitlements,
    /// Data that an [asynchronous rule](crate::Issuer::validate_async) of the application reads.
    #[error("the answer of a rule")]
    Rule,
}

/// The reason why [`Verifier::verify`](crate::Verifier::verify) did not accept a token.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyError {
    /// The token is refused: 401.
    #[error("token refused")]
    Token(#[from] TokenError),
    /// The token cannot be verified now: 503.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// A refusal by one of the application's own rules.
impl From<&'static str> for VerifyError {
    fn from(code: &'static str) -> Self {
        Self::Token(code.into())
    }
}
