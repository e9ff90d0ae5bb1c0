//! The settings of a verifier for HTTP, checked.

use crate::rejection::data::{OnRejection, Rejection, RejectionConfig};
#[cfg(feature = "ws")]
use crate::source::Place;
use crate::source::sources::Sources;
use crate::source::{Source, invalid};
use axum::response::IntoResponse;
use countersign_core::ConfigError;
use std::sync::Arc;

/// The settings for HTTP.
#[derive(Clone, Debug)]
pub(crate) struct HttpConfig {
    requests: Intake,
    /// The same for websocket upgrades, where `Sec-WebSocket-Protocol` is a source in addition.
    #[cfg(feature = "ws")]
    upgrades: Intake,
    /// The same for bare tokens, such as those that renew a websocket.
    #[cfg(feature = "ws")]
    bare: Arc<RejectionConfig>,
    passes_preflight: bool,
}

/// The way of a token into the application: the sources that may hold it, and the answers if it is rejected.
#[derive(Clone, Debug, Default)]
pub(crate) struct Intake {
    pub(crate) sources: Sources,
    pub(crate) rejections: Arc<RejectionConfig>,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self::new(Sources::default(), RejectionConfig::default(), false)
    }
}

impl HttpConfig {
    fn new(sources: Sources, answers: RejectionConfig, passes_preflight: bool) -> Self {
        let intake = |sources: Sources| {
            let rejections = RejectionConfig { token_place: sources.token_place(), ..answers.clone() };
            Intake { rejections: Arc::new(rejections), sources }
        };
        Self {
            #[cfg(feature = "ws")]
            upgrades: intake(sources.clone().with(Place::WebSocketProtocol)),
            #[cfg(feature = "ws")]
            bare: intake(Sources::default()).rejections,
            requests: intake(sources),
            passes_preflight,
        }
    }

    fn answers(&self) -> RejectionConfig {
        RejectionConfig::clone(&self.requests.rejections)
    }

    pub(crate) fn sources(self, sources: impl IntoIterator<Item = Source>) -> Result<Self, ConfigError> {
        let answers = self.answers();
        Ok(Self::new(self.requests.sources.replace(sources)?, answers, self.passes_preflight))
    }

    pub(crate) fn trusted_origins<'o>(self, origins: impl IntoIterator<Item = &'o str>) -> Result<Self, ConfigError> {
        let answers = self.answers();
        Ok(Self::new(self.requests.sources.trust(origins)?, answers, self.passes_preflight))
    }

    pub(crate) fn realm(self, realm: &str) -> Result<Self, ConfigError> {
        if !realm.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
            return invalid("realm", realm, "use printable ASCII, since it is sent in a header");
        }
        let answers = RejectionConfig { realm: realm.into(), ..self.answers() };
        Ok(Self::new(self.requests.sources, answers, self.passes_preflight))
    }

    pub(crate) fn on_rejection<F, A>(self, respond: F) -> Self
    where
        F: Fn(&Rejection) -> A + Send + Sync + 'static,
        A: IntoResponse,
    {
        let answers = RejectionConfig { on_rejection: Some(OnRejection::new(respond)), ..self.answers() };
        Self::new(self.requests.sources, answers, self.passes_preflight)
    }

    pub(crate) fn pass_preflight(self) -> Self {
        Self { passes_preflight: true, ..self }
    }

    /// Returns the intake of ordinary requests.
    pub(crate) fn requests(&self) -> &Intake {
        &self.requests
    }

    /// Returns the intake of websocket upgrades.
    #[cfg(feature = "ws")]
    pub(crate) fn upgrades(&self) -> &Intake {
        &self.upgrades
    }

    /// Returns the answers for tokens that come without a request.
    #[cfg(feature = "ws")]
    pub(crate) fn bare(&self) -> &Arc<RejectionConfig> {
        &self.bare
    }

    pub(crate) fn passes_preflight(&self) -> bool {
        self.passes_preflight
    }
}
