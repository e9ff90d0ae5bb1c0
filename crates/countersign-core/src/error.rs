//! Errors by who is at fault: the operator at build ([`ConfigError`]), the client ([`TokenError`]), a dependency
//! ([`Unavailable`]).

use crate::keys::algorithm::Algorithms;
use std::time::Duration;
use thiserror::Error;

/// What is wrong with a configuration. Only [`VerifierBuilder::build`](crate::VerifierBuilder::build) and the
/// constructors of presets give it, never a request.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The builder was given no issuer.
    #[error("no issuer is configured: add one with `.issuer(..)`")]
    NoIssuer,
    /// Two issuers of one verifier have the same `iss`.
    #[error("issuer `{0}` is configured twice: give each `iss` once")]
    DuplicateIssuer(String),
    /// The issuer is empty, not a URL where it must be one, or not https beyond loopback.
    #[error("issuer `{issuer}` {problem}")]
    InvalidIssuer {
        /// The issuer as configured.
        issuer: String,
        /// What is wrong with it and what to do.
        problem: &'static str,
    },
    /// The issuer has no audience rule, or an empty one.
    #[error(
        "issuer `{0}` has no audience: name the API with `.audience(..)` or the client with `.client_id(..)`, since any of the issuer's tokens would do otherwise"
    )]
    NoAudience(String),
    /// The allow-list of algorithms is empty.
    #[error("issuer `{0}` allows no algorithm: name at least one")]
    NoAlgorithm(String),
    /// None of the static keys can verify anything under the allow-list.
    #[error("issuer `{issuer}` has no usable key for {allowed:?}: {skipped}")]
    NoUsableKey {
        /// The issuer as configured.
        issuer: String,
        /// The allow-list.
        allowed: Algorithms,
        /// Each key that was skipped, with its reason.
        skipped: String,
    },
    /// Keys were demanded at the start, and could not be fetched.
    #[error("the keys of issuer `{issuer}` cannot be fetched, and the start demands them: {reason}")]
    NoKeys {
        /// The issuer as configured.
        issuer: String,
        /// What went wrong.
        reason: String,
    },
    /// Two static keys would both do for the same tokens, so that neither could be chosen.
    #[error("issuer `{0}` has two keys for the same `kid` and algorithm: give each a `kid` of its own, in a JWK set")]
    AmbiguousKeys(String),
    /// A JWK set is not one.
    #[error("the JWK set cannot be read: {0}")]
    InvalidJwks(&'static str),
    /// A PEM text holds no public key.
    #[error("the PEM text cannot be read: {0}")]
    InvalidPem(&'static str),
    /// The leeway is longer than ten minutes.
    #[error("a leeway of {0:?} defeats expiry: use ten minutes at the most")]
    LeewayTooLong(Duration),
    /// A setting of an issuer has a value that makes no sense.
    #[error("issuer `{issuer}`: `{setting}` {problem}")]
    InvalidSetting {
        /// The issuer as configured.
        issuer: String,
        /// The name of the setting.
        setting: &'static str,
        /// What is wrong with it and what to do.
        problem: &'static str,
    },
    /// A preset's argument is not of the form that its provider gives out.
    #[error("`{value}` is not a {what}: {expected}")]
    InvalidArgument {
        /// What the argument is, such as "user pool id".
        what: &'static str,
        /// The value as configured.
        value: String,
        /// The form it should have.
        expected: &'static str,
    },
    /// A variable of the environment that a preset needs is not set.
    #[error("{name} is not set: give {what}")]
    MissingVariable {
        /// The variable's name.
        name: &'static str,
        /// What it should hold.
        what: &'static str,
    },
    /// A preset was given no keys, and cannot fetch any without the cargo feature `fetch`.
    #[error(
        "issuer `{0}` has no keys: give them with `.jwks(..)`, `.pem(..)` or `.keys(..)`, or enable the cargo feature `fetch`"
    )]
    KeysNotGiven(String),
    /// The emulator whose unsigned tokens were to be accepted is not on this machine.
    #[cfg(feature = "dangerous-unsigned")]
    #[error(
        "unsigned tokens are accepted only from an emulator on this machine, not from `{0}`: use 127.0.0.1 and a port"
    )]
    UnsignedTokens(String),
    /// The HTTP client that fetches keys could not be made.
    #[error("the HTTP client cannot be made: pass one with `.http_client(..)`")]
    HttpClient(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Why a token was refused. Meant for logs and tests: clients learn only that it was.
///
/// Where several things are wrong with a token, the reason is the first in this order: its outside and its header, the form
/// of its claims, its issuer, its algorithm and type, its key and signature, its claims, its revocation, the application's
/// own rules. The order is the same for one issuer and for several, and for a token that is known.
///
/// No variant holds anything that was read from a token, so that logging one never leaks a credential.
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
    /// Longer than 16 KiB.
    #[error("token is longer than 16 KiB")]
    TooLong,
    /// Not three non-empty parts of unpadded base64url (RFC 7515 section 7.1).
    #[error("token is not three parts of base64url")]
    NotCompact,
    /// The header is not a JSON object that can be read, or longer than 6 KiB, or a member has the wrong type.
    #[error("header is malformed")]
    MalformedHeader,
    /// The header asks for something that is not supported: `crit`, `b64`, `zip` or `cty`.
    #[error("header uses an extension that is not supported")]
    UnsupportedHeader,
    /// `alg` is missing, unknown, symmetric or `none`, or not on the issuer's allow-list.
    #[error("algorithm is not allowed")]
    AlgorithmNotAllowed,
    /// `typ` names another kind of token than is accepted here (RFC 8725 section 3.11).
    #[error("type `typ` is not accepted")]
    TypeNotAccepted,
    /// `iss` names no configured issuer.
    #[error("issuer is not trusted")]
    UnknownIssuer,
    /// No key of the issuer has this `kid` and algorithm.
    #[error("no key of the issuer has this `kid` and `alg`")]
    UnknownKey,
    /// More than one key of the issuer would do.
    #[error("more than one key of the issuer would do")]
    AmbiguousKey,
    /// The signature does not verify.
    #[error("signature does not verify")]
    BadSignature,
    /// The payload is not a JSON object that can be read.
    #[error("claims are malformed")]
    MalformedClaims,
    /// A claim that is demanded is not there.
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
    /// `nbf` lies ahead by more than the leeway.
    #[error("token is not valid yet")]
    NotYetValid,
    /// `iat` lies ahead by more than the leeway.
    #[error("token was issued in the future")]
    IssuedInFuture,
    /// The token lives longer than the issuer's [maximum](crate::Issuer::max_lifetime).
    #[error("token lives longer than is accepted")]
    LivesTooLong,
    /// The token is of another tenant, or names two of them.
    #[error("token is of another tenant")]
    WrongTenant,
    /// The issuer has rules of its own, and this claim does not meet one.
    #[error("claim `{0}` is not one that is accepted")]
    ClaimNotAccepted(&'static str),
    /// The key that verified the token belongs to another tenant.
    #[error("key belongs to another tenant")]
    ForeignKey,
    /// The claims mark another kind of token, such as an ID token where an access token is demanded.
    #[error("token is of another kind")]
    WrongKind,
    /// The application has [revoked](crate::Verifier::revoke) the token.
    #[error("token was revoked")]
    Revoked,
    /// A rule of the application's own refused the token, with this code.
    #[error("refused by a rule of the application: {0}")]
    RefusedByRule(&'static str),
    /// The verified claims do not fit the type that the handler asks for.
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

/// A refusal by a rule of the application's own. The code is for logs, and holds nothing of the token.
impl From<&'static str> for TokenError {
    fn from(code: &'static str) -> Self {
        Self::RefusedByRule(code)
    }
}

/// No verdict is possible now, for want of something that the verdict hangs on.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("no verdict is possible: {dependency} cannot be had now")]
pub struct Unavailable {
    /// When to try again, whole seconds from now.
    pub retry_after: Duration,
    /// What is wanting.
    pub dependency: Dependency,
}

/// What a verdict hangs on beside the token.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dependency {
    /// The keys of the token's issuer.
    #[error("the issuer's keys")]
    Keys,
    /// What a [`EntitlementsProvider`](crate::EntitlementsProvider) tells.
    #[error("the caller's grants")]
    Entitlements,
    /// What an [asynchronous rule](crate::Issuer::validate_async) of the application's own goes by.
    #[error("the answer of a rule")]
    Rule,
}

/// What [`Verifier::verify`](crate::Verifier::verify) says of a token that it does not accept.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyError {
    /// The token is refused: 401.
    #[error("token refused")]
    Token(#[from] TokenError),
    /// No verdict is possible: 503.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// A refusal by a rule of the application's own.
impl From<&'static str> for VerifyError {
    fn from(code: &'static str) -> Self {
        Self::Token(code.into())
    }
}
