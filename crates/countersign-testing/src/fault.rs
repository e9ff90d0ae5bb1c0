//! What can go wrong with a provider, done to the letter.

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream;
use std::io::{self, Write as _};
use std::time::Duration;

/// What goes wrong at a [`TestIssuer`](crate::TestIssuer) from [`inflict`](crate::TestIssuer::inflict) until
/// [`heal`](crate::TestIssuer::heal), with its discovery document as well as with its keys.
///
/// # Example
///
/// An API keeps on verifying when its provider goes down:
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
/// issuer.inflict(Fault::Status(500));
/// assert!(verifier.verify(&token).await.is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The request is read and never answered.
    Hang,
    /// A good answer, but one byte each second.
    Drip,
    /// The connection is reset in the middle of the answer.
    Reset,
    /// The answer ends before its announced length.
    Truncate,
    /// 4 MiB of blanks in 4 KiB of gzip.
    GzipBomb,
    /// A good answer, followed by 256 KiB of blanks.
    Oversized,
    /// A set of so many keys, each of them good.
    ManyKeys(usize),
    /// A set without any key.
    NoKeys,
    /// The page of a login, with status 200.
    LoginPage,
    /// Nothing, with status 200.
    Empty,
    /// This status, and an otherwise good answer.
    Status(u16),
    /// 429 with `Retry-After`, in whole seconds.
    Busy {
        /// The pause that is asked for.
        retry_after: Duration,
    },
    /// A redirect to this address.
    Redirect(String),
    /// The discovery document is another issuer's.
    OtherIssuer,
    /// The discovery document says that the keys are here.
    KeysAt(String),
}

impl Fault {
    /// The bad answer in place of this good one.
    pub(crate) async fn spoil(self, good: String) -> Response {
        match self {
            Self::Hang => std::future::pending().await,
            Self::Drip => Body::from_stream(stream::unfold(good.into_bytes().into_iter(), |mut rest| async move {
                let byte = rest.next()?;
                tokio::time::sleep(Duration::from_secs(1)).await;
                Some((Ok::<_, io::Error>(Bytes::from(vec![byte])), rest))
            }))
            .into_response(),
            Self::Reset => broken_off(&good, None),
            Self::Truncate => broken_off(&good, Some(good.len())),
            Self::GzipBomb => ([(header::CONTENT_ENCODING, "gzip")], gzip_bomb()).into_response(),
            Self::Oversized => json(good + &" ".repeat(256 * 1024)),
            Self::LoginPage => Html("<!doctype html><title>Log in</title><form></form>").into_response(),
            Self::Empty => json(String::new()),
            Self::Status(status) => {
                (StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), json(good)).into_response()
            }
            Self::Busy { retry_after } => {
                let seconds = HeaderValue::from(retry_after.as_secs());
                (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, seconds)]).into_response()
            }
            Self::Redirect(to) => match HeaderValue::try_from(to) {
                Ok(to) => (StatusCode::FOUND, [(header::LOCATION, to)], json(good)).into_response(),
                Err(_) => StatusCode::FOUND.into_response(),
            },
            // These are about what the documents say.
            Self::ManyKeys(_) | Self::NoKeys | Self::OtherIssuer | Self::KeysAt(_) => json(good),
        }
    }
}

pub(crate) fn json(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// Half of the answer, and then an error, at which the server drops the connection.
fn broken_off(good: &str, length: Option<usize>) -> Response {
    let half = good[..good.len() / 2].to_owned();
    let parts = [Ok(half), Err(io::Error::other("broken off on purpose"))];
    let mut response = Body::from_stream(stream::iter(parts)).into_response();
    if let Some(length) = length {
        response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    }
    response
}

fn gzip_bomb() -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    let blanks = [b' '; 64 * 1024];
    for _ in 0..64 {
        gzip.write_all(&blanks).expect("a vector takes everything");
    }
    gzip.finish().expect("a vector takes everything")
}
