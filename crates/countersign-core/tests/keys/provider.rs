//! A provider in memory, for tests under paused time.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_core::{
    Audience, BoxFuture, FetchError, FetchJwks, FetchedJwks, Issuer, IssuerKeys, TokenError, Verifier, VerifyError,
};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A provider in memory that counts its requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Provider(pub(crate) Arc<Inner>);

#[derive(Debug, Default)]
pub(crate) struct Inner {
    pub(crate) fetches: AtomicUsize,
    pub(crate) answer: Mutex<Option<String>>,
    pub(crate) delay: Mutex<Duration>,
    pub(crate) max_age: Mutex<Option<Duration>>,
    /// The `Retry-After` of a failing provider.
    pub(crate) retry_after: Mutex<Option<Duration>>,
    pub(crate) panics: AtomicBool,
    /// True if it answers conditional requests.
    pub(crate) recognises: AtomicBool,
    /// The number of answers without changes.
    pub(crate) unchanged: AtomicUsize,
}

impl Provider {
    pub(crate) fn publishing(kids: &[&str]) -> Self {
        let provider = Self::default();
        provider.publish(kids);
        provider
    }

    pub(crate) fn publish(&self, kids: &[&str]) {
        let keys: Vec<String> = kids.iter().map(|kid| format!(r#"{{"kid":"{kid}",{KEY}}}"#)).collect();
        *self.0.answer.lock().unwrap() = Some(format!(r#"{{"keys":[{}]}}"#, keys.join(",")));
    }

    pub(crate) fn fail(&self) {
        *self.0.answer.lock().unwrap() = None;
    }

    pub(crate) fn take(&self, time: Duration) {
        *self.0.delay.lock().unwrap() = time;
    }

    pub(crate) fn fetches(&self) -> usize {
        self.0.fetches.load(Ordering::SeqCst)
    }

    pub(crate) fn issuer(&self) -> Issuer {
        issuer(IssuerKeys::fetched(self.clone()))
    }

    pub(crate) async fn verifier(&self) -> Verifier {
        build(self.issuer()).await
    }
}

pub(crate) fn issuer(keys: IssuerKeys) -> Issuer {
    Issuer::new("https://idp.example", keys).audience(Audience::any_of(["api"]))
}

pub(crate) async fn build(issuer: Issuer) -> Verifier {
    Verifier::builder().issuer(issuer).build().await.unwrap()
}

impl FetchJwks for Provider {
    fn fetch(&self, known: Option<Arc<str>>) -> BoxFuture<'_, Result<FetchedJwks, FetchError>> {
        Box::pin(async move {
            self.0.fetches.fetch_add(1, Ordering::SeqCst);
            // The answer is fixed when the request starts, even if it arrives later.
            let answer = self.0.answer.lock().unwrap().clone();
            let delay = *self.0.delay.lock().unwrap();
            tokio::time::sleep(delay).await;
            assert!(!self.0.panics.load(Ordering::SeqCst), "fetching went wrong");
            let jwks = answer.ok_or_else(|| {
                let pause = *self.0.retry_after.lock().unwrap();
                pause.into_iter().fold(FetchError::from("the provider is down"), FetchError::retry_after)
            })?;
            let etag = self.0.recognises.load(Ordering::SeqCst).then(|| format!("{:x}", jwks.len()));
            let fetched = if etag.is_some() && known.as_deref() == etag.as_deref() {
                self.0.unchanged.fetch_add(1, Ordering::SeqCst);
                FetchedJwks::unchanged()
            } else {
                FetchedJwks::jwks(jwks)
            };
            let fetched = etag.into_iter().fold(fetched, FetchedJwks::etag);
            Ok(self.0.max_age.lock().unwrap().into_iter().fold(fetched, FetchedJwks::fresh_for))
        })
    }
}

/// A public key (RFC 8037 appendix A.2), for sets in which only the key's name matters.
pub(crate) const KEY: &str =
    r#""kty":"OKP","crv":"Ed25519","alg":"EdDSA","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;

/// A token with a key name and an invalid signature. `BadSignature` shows that its key was found.
pub(crate) fn token(kid: &str) -> String {
    token_of("EdDSA", kid)
}

pub(crate) fn token_of(algorithm: &str, kid: &str) -> String {
    let header = format!(r#"{{"alg":"{algorithm}","kid":"{kid}"}}"#);
    format!(
        "{}.{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(r#"{"iss":"https://idp.example"}"#),
        "A".repeat(86)
    )
}

pub(crate) async fn verdict(verifier: &Verifier, kid: &str) -> &'static str {
    match verifier.verify(&token(kid)).await {
        Err(VerifyError::Token(TokenError::BadSignature)) => "found",
        Err(VerifyError::Token(TokenError::UnknownKey)) => "unknown",
        Err(VerifyError::Unavailable(_)) => "unavailable",
        other => panic!("{other:?}"),
    }
}
