//! Faults of a provider, and the damaged answers they cause.

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream;
use std::io::{self, Write as _};
use std::time::Duration;

/// A fault of a [`TestIssuer`](crate::TestIssuer). It affects the discovery document and the keys, from
/// [`set_fault`](crate::TestIssuer::set_fault) until [`clear_fault`](crate::TestIssuer::clear_fault).
///
/// # Example
///
/// An API continues to verify tokens while its provider is down:
///
/// ```
/// # use countersign_core::Verifier;
/// # use countersign_providers::Oidc;
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use countersign_testing::{Fault, TestIssuer};
///
/// let issuer = TestIssuer::start().await?;
/// let token = issuer.token("alice").audience("api").mint();
/// let verifier = Verifier::builder().issuer(Oidc::issuer(issuer.url()).audience("api")).build().await?;
///
/// issuer.set_fault(Fault::Status(500));
/// assert!(verifier.verify(&token).await.is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// No answer: the issuer reads the request and never responds.
    Hang,
    /// A good answer, sent at one byte a second.
    Drip,
    /// A connection that is reset in the middle of the answer.
    Reset,
    /// An answer that ends before its announced length.
    Truncate,
    /// 4 MiB of spaces, compressed to 4 KiB of gzip.
    GzipBomb,
    /// A good answer, followed by 256 KiB of spaces.
    Oversized,
    /// A key set with this number of valid keys.
    ManyKeys(usize),
    /// A key set without keys.
    NoKeys,
    /// An HTML login page, with status 200.
    LoginPage,
    /// An empty body, with status 200.
    Empty,
    /// An otherwise good answer with this status.
    Status(u16),
    /// Status 429 with `Retry-After`, in whole seconds.
    TooManyRequests {
        /// The pause that the issuer asks for.
        retry_after: Duration,
    },
    /// A redirect to this URL.
    Redirect(String),
    /// A discovery document with the `issuer` of another provider.
    OtherIssuer,
    /// A discovery document with this `jwks_uri`.
    JwksUri(String),
}

impl Fault {
    /// Turns the body of a good answer into a damaged answer.
    pub(crate) async fn apply(self, body: String) -> Response {
        match self {
            Self::Hang => std::future::pending().await,
            Self::Drip => Body::from_stream(stream::unfold(body.into_bytes().into_iter(), |mut rest| async move {
                let byte = rest.next()?;
                tokio::time::sleep(Duration::from_secs(1)).await;
                Some((Ok::<_, io::Error>(Bytes::from(vec![byte])), rest))
            }))
            .into_response(),
            Self::Reset => aborted(&body, None),
            Self::Truncate => aborted(&body, Some(body.len())),
            Self::GzipBomb => ([(header::CONTENT_ENCODING, "gzip")], gzip_bomb()).into_response(),
            Self::Oversized => json(body + &" ".repeat(256 * 1024)),
            Self::LoginPage => Html("<!doctype html><title>Log in</title><form></form>").into_response(),
            Self::Empty => json(String::new()),
            Self::Status(status) => {
                (StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), json(body)).into_response()
            }
            Self::TooManyRequests { retry_after } => {
                let seconds = HeaderValue::from(retry_after.as_secs());
                (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, seconds)]).into_response()
            }
            Self::Redirect(to) => match HeaderValue::try_from(to) {
                Ok(to) => (StatusCode::FOUND, [(header::LOCATION, to)], json(body)).into_response(),
                Err(_) => StatusCode::FOUND.into_response(),
            },
            // These faults are in the documents themselves.
            Self::ManyKeys(_) | Self::NoKeys | Self::OtherIssuer | Self::JwksUri(_) => json(body),
        }
    }
}

pub(crate) fn json(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// An answer whose body fails after its first half. The server then closes the connection.
fn aborted(body: &str, content_length: Option<usize>) -> Response {
    let half = body[..body.len() / 2].to_owned();
    let parts = [Ok(half), Err(io::Error::other("aborted on purpose"))];
    let mut response = Body::from_stream(stream::iter(parts)).into_response();
    if let Some(length) = content_length {
        response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    }
    response
}

fn gzip_bomb() -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    let spaces = [b' '; 64 * 1024];
    for _ in 0..64 {
        gzip.write_all(&spaces).expect("writing to a vector does not fail");
    }
    gzip.finish().expect("writing to a vector does not fail")
}
