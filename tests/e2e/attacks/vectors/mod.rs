//! Project Wycheproof's signatures, transferred to tokens.
//!
//! A vector is a key, a message and a signature. Countersign verifies whole tokens, whose message is a header and claims.
//! So the fault of a vector's signature is transferred to a token of a key of this test. For RSA, the padding is signed
//! again with the token's hash. For ECDSA, the public key is computed with which (r, s) signs the token. For Ed25519, S is
//! computed for the token's hash.

mod ecdsa;
mod ed25519;
mod rsa_pkcs1;
mod rsa_pss;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign::Verifier;
use countersign::error::{TokenError, VerifyError};
use countersign::keys::{Algorithm, IssuerKeys};
use countersign::policy::{Audience, Issuer};
use countersign_core::{Algorithms, KeySet, ManualClock};
use serde_json::{Value, json};
use std::io::Write as _;
use std::sync::Arc;

/// A verifier with one key, and the text that its tokens sign.
struct Subject {
    verifier: Verifier,
    input: String,
}

impl Subject {
    async fn new(algorithm: Algorithm, jwk: &Value) -> Self {
        let keys = IssuerKeys::jwks(json!({ "keys": [jwk] }).to_string());
        let issuer = Issuer::new("https://idp.example", keys)
            .audience(Audience::any_of(["https://api.example"]))
            .algorithms([algorithm]);
        let verifier = Verifier::builder().issuer(issuer).clock(Arc::new(ManualClock::at(1_800_000_000))).build();
        let verifier = verifier.await.unwrap_or_else(|error| panic!("{jwk}: {error}"));
        Self { verifier, input: input(algorithm) }
    }

    async fn verify(&self, signature: &[u8]) -> Result<(), VerifyError> {
        let token = format!("{}.{}", self.input, URL_SAFE_NO_PAD.encode(signature));
        self.verifier.verify(&token).await.map(drop)
    }
}

/// The text that tokens of an algorithm sign.
fn input(algorithm: Algorithm) -> String {
    let header = format!(r#"{{"alg":"{algorithm}"}}"#);
    let claims = r#"{"iss":"https://idp.example","sub":"alice","aud":"https://api.example","exp":1800003600}"#;
    [header.as_str(), claims].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
}

/// The results of the vectors of one kind.
struct Tally {
    kind: &'static str,
    accepted: usize,
    refused: usize,
    failures: Vec<String>,
}

impl Tally {
    fn new(kind: &'static str) -> Self {
        Self { kind, accepted: 0, refused: 0, failures: Vec::new() }
    }

    fn judge(&mut self, name: impl Fn() -> String, is_good: bool, verdict: Result<(), VerifyError>) {
        match (is_good, verdict) {
            (true, Ok(())) => self.accepted += 1,
            // An empty signature gives no token. One that is too long fits no key.
            (false, Err(VerifyError::Token(TokenError::BadSignature | TokenError::NotCompact))) => self.refused += 1,
            (_, verdict) => self.failures.push(format!("{}: {verdict:?}", name())),
        }
    }

    /// Checks that a vector's key is accepted, for any numbers in it.
    fn expect_used(&mut self, name: impl Fn() -> String, jwk: &Value) {
        let set = KeySet::from_jwks(json!({ "keys": [jwk] }).to_string(), Algorithm::all().collect::<Algorithms>());
        match set {
            Ok(set) if set.len() == 1 => {}
            other => self.failures.push(format!("{}: {other:?}", name())),
        }
    }

    #[track_caller]
    fn finish(self) {
        let Self { kind, accepted, refused, failures } = self;
        let line = format!("wycheproof {kind}: {accepted} accepted, {refused} refused\n");
        std::io::stderr().write_all(line.as_bytes()).expect("stderr is open");
        assert!(failures.is_empty(), "{} of {kind}:\n{}", failures.len(), failures.join("\n"));
        assert!(accepted > 0 && refused > 0, "{kind}: both must occur");
    }
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
