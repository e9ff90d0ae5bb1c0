//! What a verifier knows of HTTP: its sources, and the application's own answers. They ride on the verifier as an
//! attachment, since the core knows no HTTP.

use crate::layer::preflight::Preflights;
use crate::rejection::RequireRejection;
use crate::source::Source;
use crate::source::same_origin::canonical;
use crate::source::sources::Sources;
use axum::response::{IntoResponse, Response};
use countersign_core::{ConfigError, Verifier, VerifierBuilder};
use std::fmt;
use std::sync::Arc;

/// The settings of a verifier that are about HTTP, for [`VerifierBuilder`]; for a [`Verifier`], too, where one router
/// takes its tokens from somewhere else than the others.
///
/// # Example
///
/// ```
/// use countersign::{ConfigError, VerifierExt, Oidc, Source, Verifier};
///
/// # async fn example() -> Result<(), ConfigError> {
/// let verifier = Verifier::builder()
///     .issuer(Oidc::issuer("https://idp.example.com").audience("https://api.example.com"))
///     .sources([Source::authorization(), Source::cookie("__session")])
///     .trusted_origins(["https://app.example.com"])
///     .build()
///     .await?;
///
/// // A router of its own, with the same keys and cache: `.with_state(sockets)`.
/// let sockets = verifier.sources([Source::websocket_protocol()])?;
/// # let _ = sockets;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`ConfigError::InvalidArgument`] for a name that cannot be one: when the builder builds, at once for a verifier.
pub trait VerifierExt: Sized {
    /// The builder itself, or a verifier that is set so.
    type Set;

    /// Where a token may stand, in the place of `Authorization` alone. Of all of them exactly one may carry a token: two
    /// are answered with 400.
    fn sources(self, sources: impl IntoIterator<Item = Source>) -> Self::Set;

    /// Origins whose pages may send a token in a cookie with requests that change something, beside those of the API's own
    /// origin: `https://app.example.com`, without path.
    ///
    /// # Security
    ///
    /// Whoever can run a script on one of them acts for whoever visits it.
    fn trusted_origins<'o>(self, origins: impl IntoIterator<Item = &'o str>) -> Self::Set;

    /// The application's own answers to requests that are not let in, by extractors, guards and layers alike. What an
    /// answer of the rejection's status leaves out of `WWW-Authenticate` and `Retry-After` is added. For the usual answer to
    /// some of them give `rejection.clone().into_response()`.
    ///
    /// # Example
    ///
    /// ```
    /// use axum::Json;
    /// use countersign::{VerifierExt, RequireRejection, Verifier};
    ///
    /// let builder = Verifier::builder().on_rejection(|rejection: &RequireRejection| {
    ///     let body = serde_json::json!({ "ok": false, "error": rejection.code() });
    ///     (rejection.status(), Json(body))
    /// });
    /// # let _ = builder;
    /// ```
    ///
    /// # Security
    ///
    /// The request stays refused whatever is answered: no handler runs. But a client takes a 2xx for success. Tell it no
    /// more than the code.
    fn on_rejection<F, A>(self, respond: F) -> Self::Set
    where
        F: Fn(&RequireRejection) -> A + Send + Sync + 'static,
        A: IntoResponse;

    /// Lets preflight requests without a token through all guards and [layers](crate::authenticated) of this verifier:
    /// `OPTIONS` with `Origin` and `Access-Control-Request-Method`, and without a body. Otherwise they are refused as any
    /// request without a token.
    ///
    /// A `CorsLayer` outside of the guard needs none of this: it answers before the guard is asked, and refusals have CORS
    /// headers, too. Guards of a [`GuardedRouter`](https://docs.rs/countersign/latest/countersign/struct.GuardedRouter.html)
    /// need none either.
    ///
    /// # Example
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use countersign::{Authenticated, ConfigError, GuardExt, VerifierExt, Verifier};
    /// use tower_http::cors::CorsLayer;
    ///
    /// fn router(verifier: &Verifier) -> Result<Router, ConfigError> {
    ///     let router = Router::new().route("/me", get(|| async { "known" })).layer(CorsLayer::permissive());
    ///     Ok(router.guard::<Authenticated>(&verifier.pass_preflight()?))
    /// }
    /// ```
    ///
    /// # Security
    ///
    /// Everybody can send such a request. A handler that takes `OPTIONS`, such as one of `any(..)`, then runs without a
    /// token, unless a `CorsLayer` answers in front of it.
    fn pass_preflight(self) -> Self::Set;
}

impl<I> VerifierExt for VerifierBuilder<I> {
    type Set = Self;

    fn sources(self, sources: impl IntoIterator<Item = Source>) -> Self {
        let settings = Http::of(self.attachment()).sources(sources);
        self.attach(settings)
    }

    fn trusted_origins<'o>(self, origins: impl IntoIterator<Item = &'o str>) -> Self {
        let settings = Http::of(self.attachment()).trusted_origins(origins);
        self.attach(settings)
    }

    fn on_rejection<F, A>(self, respond: F) -> Self
    where
        F: Fn(&RequireRejection) -> A + Send + Sync + 'static,
        A: IntoResponse,
    {
        let settings = Http { on_rejection: Some(OwnAnswers::new(respond)), ..Http::of(self.attachment()) };
        self.attach(Ok(settings))
    }

    fn pass_preflight(self) -> Self {
        let settings = Http { passes_preflight: true, ..Http::of(self.attachment()) };
        self.attach(Ok(settings))
    }
}

impl VerifierExt for &Verifier {
    type Set = Result<Verifier, ConfigError>;

    fn sources(self, sources: impl IntoIterator<Item = Source>) -> Self::Set {
        Http::of(self.attachment()).sources(sources).map(|settings| self.attach(settings))
    }

    fn trusted_origins<'o>(self, origins: impl IntoIterator<Item = &'o str>) -> Self::Set {
        Http::of(self.attachment()).trusted_origins(origins).map(|settings| self.attach(settings))
    }

    fn on_rejection<F, A>(self, respond: F) -> Self::Set
    where
        F: Fn(&RequireRejection) -> A + Send + Sync + 'static,
        A: IntoResponse,
    {
        let on_rejection = Some(OwnAnswers::new(respond));
        Ok(self.attach(Http { on_rejection, ..Http::of(self.attachment()) }))
    }

    fn pass_preflight(self) -> Self::Set {
        Ok(self.attach(Http { passes_preflight: true, ..Http::of(self.attachment()) }))
    }
}

/// The attachment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Http {
    pub(crate) sources: Sources,
    pub(crate) on_rejection: Option<OwnAnswers>,
    pub(crate) passes_preflight: bool,
}

/// The application's function from a rejection to its answer.
#[derive(Clone)]
pub(crate) struct OwnAnswers(Arc<dyn Fn(&RequireRejection) -> Response + Send + Sync>);

impl OwnAnswers {
    fn new<F, A>(respond: F) -> Self
    where
        F: Fn(&RequireRejection) -> A + Send + Sync + 'static,
        A: IntoResponse,
    {
        Self(Arc::new(move |rejection| respond(rejection).into_response()))
    }

    pub(crate) fn respond(&self, rejection: &RequireRejection) -> Response {
        (self.0)(rejection)
    }
}

impl fmt::Debug for OwnAnswers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnAnswers")
    }
}

impl Http {
    /// The preflight requests that guards and layers of this verifier hand on.
    pub(crate) fn preflights(verifier: &Verifier) -> Preflights {
        match verifier.attachment::<Self>() {
            Some(http) if http.passes_preflight => Preflights::everywhere(),
            _ => Preflights::default(),
        }
    }

    fn of(attachment: Option<&Self>) -> Self {
        attachment.cloned().unwrap_or_default()
    }

    fn sources(mut self, sources: impl IntoIterator<Item = Source>) -> Result<Self, ConfigError> {
        self.sources.replace(sources)?;
        Ok(self)
    }

    fn trusted_origins<'o>(mut self, origins: impl IntoIterator<Item = &'o str>) -> Result<Self, ConfigError> {
        let checked = origins.into_iter().map(|origin| {
            canonical(origin).ok_or_else(|| ConfigError::InvalidArgument {
                what: "trusted origin",
                value: origin.to_owned(),
                expected: "scheme, host and perhaps a port, such as `https://app.example.com`",
            })
        });
        self.sources.trusted_origins = checked.collect::<Result<_, _>>()?;
        Ok(self)
    }
}
