//! The signing keys, by their names in the corpus.
//!
//! `RS256` to `EdDSA` are the ten keys of the main issuer. `other RS256` is a key of the other issuer. `stranger RS256`
//! is a key that no issuer publishes. `open 2048` is an RSA key that is easy to factor (2048, 3072 or 4096 bits).

use crate::forge::open_rsa::OpenRsaKey;
use crate::identity_provider::IdentityProvider;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use countersign_core::Algorithm;
use countersign_testing::SigningKey;
use serde_json::{Value, json};

pub(crate) struct Keyring {
    strangers: Vec<SigningKey>,
    open: Vec<OpenRsaKey>,
}

/// A key and its private half.
#[derive(Clone, Copy)]
pub(crate) enum Signer<'a> {
    Issued(&'a SigningKey),
    Open(&'a OpenRsaKey),
}

impl Keyring {
    pub(crate) fn new() -> Self {
        let algorithms = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];
        Self {
            strangers: algorithms.map(|algorithm| SigningKey::generate(algorithm, format!("{algorithm}-x"))).into(),
            open: [2048, 3072, 4096].map(|bits| OpenRsaKey::new(bits, 65537)).into(),
        }
    }

    pub(crate) fn signer<'a>(
        &'a self,
        name: &str,
        main: &'a IdentityProvider,
        other: &'a IdentityProvider,
    ) -> Result<Signer<'a>, String> {
        let (keys, algorithm) = match name.split_once(' ') {
            None => (main.keys(), name),
            Some(("other", algorithm)) => (other.keys(), algorithm),
            Some(("stranger", algorithm)) => (&self.strangers[..], algorithm),
            Some(("open", bits)) => {
                let key = self.open.iter().find(|key| key.bits().to_string() == bits);
                return key.map(Signer::Open).ok_or_else(|| format!("no open key of {bits} bits"));
            }
            Some(_) => return Err(format!("no key `{name}`")),
        };
        let key = keys.iter().find(|key| key.algorithm().name() == algorithm);
        key.map(Signer::Issued).ok_or_else(|| format!("no key `{name}`"))
    }
}

impl Signer<'_> {
    pub(crate) fn kid(&self) -> String {
        match self {
            Self::Issued(key) => key.kid().to_owned(),
            Self::Open(key) => format!("open-{}", key.bits()),
        }
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match self {
            Self::Issued(key) => key.algorithm().name(),
            Self::Open(_) => "RS256",
        }
    }

    pub(crate) fn jwk(&self) -> Value {
        match self {
            Self::Issued(key) => key.jwk(),
            Self::Open(key) => json!({
                "kty": "RSA", "kid": self.kid(), "alg": self.algorithm(), "use": "sig",
                "n": URL_SAFE_NO_PAD.encode(key.modulus().to_bytes_be()),
                "e": URL_SAFE_NO_PAD.encode(key.exponent().to_bytes_be()),
            }),
        }
    }

    pub(crate) fn pem(&self) -> Result<String, String> {
        match self {
            Self::Issued(key) => Ok(key.public_pem()),
            Self::Open(_) => Err("an open key has no PEM".to_owned()),
        }
    }

    pub(crate) fn der(&self) -> Result<Vec<u8>, String> {
        let pem = self.pem()?;
        let lines: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        STANDARD.decode(lines).map_err(|error| error.to_string())
    }
}
