//! The settings of a local issuer before it starts.

use crate::discovery;
use crate::local_issuer::LocalIssuer;
use crate::persona::Persona;
use crate::router;
use crate::server_state::ServerState;
use countersign_testing::TestIssuer;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// A builder of a [`LocalIssuer`].
///
/// # Example
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use countersign_local_issuer::{LocalIssuer, Persona};
/// use std::time::Duration;
///
/// let issuer = LocalIssuer::builder("https://api.example.com")
///     .persona(Persona::new("alice").groups(["admin"]))
///     .bind(([127, 0, 0, 1], 0))
///     .lifetime(Duration::from_secs(12 * 3600))
///     .start()
///     .await?;
/// println!("{}", issuer.url());
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder starts nothing: call `.start()`"]
pub struct LocalIssuerBuilder {
    audience: String,
    personas: Vec<Persona>,
    address: SocketAddr,
    lifetime: Duration,
}

impl LocalIssuer {
    /// Builds an issuer with this default audience, which tokens have unless a client requests another one.
    pub fn builder(audience: impl Into<String>) -> LocalIssuerBuilder {
        LocalIssuerBuilder {
            audience: audience.into(),
            personas: Vec::new(),
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            lifetime: Duration::from_secs(3600),
        }
    }
}

impl LocalIssuerBuilder {
    /// Adds a persona. An issuer without personas offers [those of the examples](Persona::examples).
    pub fn persona(mut self, persona: Persona) -> Self {
        self.personas.push(persona);
        self
    }

    /// Adds several personas.
    pub fn personas(mut self, personas: impl IntoIterator<Item = Persona>) -> Self {
        self.personas.extend(personas);
        self
    }

    /// Sets the address to listen on. It must be on loopback. Unless set, it is a free port of 127.0.0.1.
    pub fn bind(mut self, address: impl Into<SocketAddr>) -> Self {
        self.address = address.into();
        self
    }

    /// Sets the lifetime of tokens, in whole seconds. An hour unless set.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Generates keys for RS256, ES256 and EdDSA, and starts the issuer on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// An error if the address is in use or not on loopback, if the audience is empty, or if a persona's name is empty
    /// or given twice.
    pub async fn start(self) -> io::Result<LocalIssuer> {
        let invalid = |problem: String| io::Error::new(io::ErrorKind::InvalidInput, problem);
        if self.audience.is_empty() {
            return Err(invalid("the audience is empty: name the API that the tokens are for".to_owned()));
        }
        let personas = if self.personas.is_empty() { Persona::examples() } else { self.personas };
        for (index, persona) in personas.iter().enumerate() {
            let name = persona.name();
            if name.is_empty() || personas[..index].iter().any(|other| other.name() == name) {
                return Err(invalid(format!("persona `{name}`: give each persona a unique name")));
            }
        }

        let state = ServerState::new(personas, self.audience, self.lifetime);
        let issuer = TestIssuer::builder()
            .bind(self.address)
            .start_with_router(|issuer, router| {
                discovery::announce_endpoints(&issuer, state.personas());
                router::with_endpoints(router, state.clone(), issuer)
            })
            .await?;
        Ok(LocalIssuer::new(issuer, state))
    }
}
