//! Keys that come over HTTP: what is asked, and what is not believed.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use countersign::{Algorithm, Oidc, TokenError, Verifier, VerifyError};
use countersign_testing::SigningKey;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// From the key set and the head of the request to the answer.
type Answer = fn(&str, &HeaderMap) -> Response;

/// A provider that answers as it is told, and counts.
#[derive(Clone)]
struct Provider {
    answer: Arc<Mutex<Answer>>,
    jwks: Arc<str>,
    asked: Arc<AtomicUsize>,
}

impl Provider {
    async fn serve(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks", listener.local_addr().unwrap());
        let router = Router::new()
            .route(
                "/jwks",
                get(async |State(provider): State<Self>, headers: HeaderMap| {
                    provider.asked.fetch_add(1, Ordering::SeqCst);
                    let answer = *provider.answer.lock().unwrap();
                    answer(&provider.jwks, &headers)
                }),
            )
            .route("/elsewhere", get(async |State(provider): State<Self>| provider.jwks.to_string()))
            .with_state(self);
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }
}

struct World {
    key: SigningKey,
    provider: Provider,
    verifier: Verifier,
}

impl World {
    async fn new(answer: Answer) -> Self {
        let key = SigningKey::generate(Algorithm::ES256, "known");
        let jwks = format!(r#"{{"keys":[{}]}}"#, key.jwk()).into();
        let provider = Provider { answer: Arc::new(Mutex::new(answer)), jwks, asked: Arc::default() };
        let url = provider.clone().serve().await;
        let issuer = Oidc::issuer("https://idp.example.com").jwks_url(url).audience("api");
        let verifier = Verifier::builder().issuer(issuer).build().await.unwrap();
        Self { key, provider, verifier }
    }

    async fn verdict(&self, kid: &str) -> Result<(), VerifyError> {
        let claims = r#"{"iss":"https://idp.example.com","aud":"api","sub":"alice","exp":4000000000}"#;
        let token = self.key.sign(format!(r#"{{"alg":"ES256","kid":"{kid}"}}"#), claims);
        self.verifier.verify(&token).await.map(drop)
    }
}

fn plain(jwks: &str, _: &HeaderMap) -> Response {
    jwks.to_owned().into_response()
}

#[tokio::test]
async fn a_known_set_is_asked_for_conditionally_and_304_keeps_it() {
    fn with_etag(jwks: &str, headers: &HeaderMap) -> Response {
        let etag = [(header::ETAG, "\"v7\"")];
        match headers.get(header::IF_NONE_MATCH) {
            None => (etag, jwks.to_owned()).into_response(),
            Some(known) if known == "\"v7\"" => (StatusCode::NOT_MODIFIED, etag).into_response(),
            Some(_) => StatusCode::IM_A_TEAPOT.into_response(),
        }
    }
    let world = World::new(with_etag).await;
    assert_eq!(world.verdict("known").await, Ok(()));
    assert_eq!(world.verdict("bogus").await, Err(TokenError::UnknownKey.into()));
    assert_eq!((world.verdict("known").await, world.provider.asked.load(Ordering::SeqCst)), (Ok(()), 2));
}

#[tokio::test]
async fn an_answer_that_is_no_key_set_is_no_verdict_and_takes_no_key_away() {
    let answers: [Answer; 7] = [
        |jwks, _| (StatusCode::NOT_FOUND, jwks.to_owned()).into_response(),
        |jwks, _| (StatusCode::TOO_MANY_REQUESTS, jwks.to_owned()).into_response(),
        |jwks, _| (StatusCode::CREATED, jwks.to_owned()).into_response(),
        // Nobody asked whether it changed.
        |_, _| StatusCode::NOT_MODIFIED.into_response(),
        |jwks, _| (StatusCode::FOUND, [(header::LOCATION, "/elsewhere")], jwks.to_owned()).into_response(),
        |_, _| "<html>log in</html>".into_response(),
        |jwks, _| format!("{jwks}{}", " ".repeat(256 * 1024)).into_response(),
    ];
    for (index, answer) in answers.into_iter().enumerate() {
        let world = World::new(plain).await;
        *world.provider.answer.lock().unwrap() = answer;
        assert!(matches!(world.verdict("rotated").await, Err(VerifyError::Unavailable(_))), "answer {index}");
        assert_eq!((world.verdict("known").await, world.provider.asked.load(Ordering::SeqCst)), (Ok(()), 2));

        let never = World::new(answer).await;
        assert!(never.verifier.ready().is_err(), "answer {index}");
    }
}
