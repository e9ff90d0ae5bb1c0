//! The state that all endpoints share. This file imports no endpoint.

use crate::authorization_code::{AuthorizationCode, AuthorizationCodes};
use crate::persona::Persona;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The personas, the settings, and the authorization codes that are not yet redeemed. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct ServerState(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    personas: Vec<Arc<Persona>>,
    audience: String,
    lifetime: Duration,
    codes: Mutex<AuthorizationCodes>,
}

impl ServerState {
    pub(crate) fn new(personas: Vec<Persona>, audience: String, lifetime: Duration) -> Self {
        let personas = personas.into_iter().map(Arc::new).collect();
        Self(Arc::new(Shared { personas, audience, lifetime, codes: Mutex::default() }))
    }

    /// The default audience.
    pub(crate) fn audience(&self) -> &str {
        &self.0.audience
    }

    pub(crate) fn personas(&self) -> &[Arc<Persona>] {
        &self.0.personas
    }

    pub(crate) fn persona(&self, name: &str) -> Option<Arc<Persona>> {
        self.personas().iter().find(|persona| persona.name() == name).cloned()
    }

    /// The lifetime of tokens.
    pub(crate) fn lifetime(&self) -> Duration {
        self.0.lifetime
    }

    pub(crate) fn issue_code(&self, bound_to: AuthorizationCode) -> String {
        self.0.codes.lock().unwrap_or_else(PoisonError::into_inner).issue(bound_to, Instant::now())
    }

    pub(crate) fn redeem_code(&self, code: &str) -> Option<AuthorizationCode> {
        self.0.codes.lock().unwrap_or_else(PoisonError::into_inner).redeem(code, Instant::now())
    }
}
