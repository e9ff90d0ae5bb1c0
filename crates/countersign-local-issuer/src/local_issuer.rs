//! An OpenID provider on loopback that lets a developer log in as anybody.

mod audience;
mod authorization_code;
mod authorization_server;
mod authorize;
mod client;
mod grant;
mod login_page;
mod loopback;
mod oauth_error;
mod parameters;
mod persona;
mod pkce;
mod redirect_uri;
mod token_endpoint;

pub use persona::Persona;

use crate::provider_server::ProviderState;
use crate::test_issuer::TestIssuer;
use crate::test_token::TestToken;
use authorization_server::AuthorizationServer;
use countersign_core::Algorithm;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// A [`TestIssuer`] with a login page, for development without a provider. Dropping it ends it.
///
/// It serves discovery, keys, `/authorize` (code with PKCE, S256 alone) with a page to choose a [`Persona`] on, `/token`
/// (`authorization_code`, `client_credentials`) and `POST /rotate`. Access tokens are of RFC 9068, in RS256, for the
/// `resource` (RFC 8707) or `audience` that the client asks for; with the scope `openid` there is an ID token beside it.
///
/// # Security
///
/// There are no passwords and no registered clients: any client id is one, and its secret is not looked at. Whoever can
/// connect can be anybody. So it listens on loopback alone, sends codes to loopback alone, and refuses what other sites
/// make a browser send. No API that others reach may trust it.
///
/// # Example
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use countersign_core::Verifier;
/// use countersign_providers::Oidc;
/// use countersign_testing::{LocalIssuer, Persona};
///
/// const API: &str = "https://api.example.com";
/// let issuer = LocalIssuer::builder(API)
///     .persona(Persona::new("alice").groups(["admin"]).scopes(["reports:read"]))
///     .persona(Persona::new("mallory"))
///     .start()
///     .await?;
/// let verifier = Verifier::builder().issuer(Oidc::issuer(issuer.url()).audience(API)).build().await?;
///
/// // A client would send its user to `/authorize`. This is the token it would get.
/// let verified = verifier.verify(&issuer.token("alice").mint()).await?;
/// assert!(verified.principal().groups().contains("admin"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct LocalIssuer {
    issuer: TestIssuer,
    server: Arc<AuthorizationServer>,
}

impl LocalIssuer {
    /// An issuer whose tokens are for this audience, unless a client asks for another one.
    pub fn builder(audience: impl Into<String>) -> LocalIssuerBuilder {
        LocalIssuerBuilder {
            audience: audience.into(),
            personas: Vec::new(),
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            lifetime: Duration::from_secs(3600),
        }
    }

    /// The issuer's name, `http://127.0.0.1:PORT`: the `iss` of its tokens and the place of its discovery document.
    pub fn url(&self) -> &str {
        self.issuer.url()
    }

    /// The `aud` of tokens whose client asks for none.
    pub fn audience(&self) -> &str {
        self.server.audience()
    }

    /// Whom one can log in as.
    pub fn personas(&self) -> impl Iterator<Item = &Persona> {
        self.server.personas().iter().map(AsRef::as_ref)
    }

    /// An access token of this persona with all of its scopes, to be shaped and minted: the short way past the login
    /// page.
    ///
    /// # Panics
    ///
    /// When there is no persona of this name.
    pub fn token(&self, persona: &str) -> TestToken {
        match self.server.persona(persona) {
            Some(persona) => self.server.token(persona),
            None => panic!("the local issuer has no persona `{persona}`"),
        }
    }

    /// The issuer underneath: rotates, fails, counts, and mints tokens of anybody.
    pub fn test_issuer(&self) -> &TestIssuer {
        &self.issuer
    }
}

/// A [`LocalIssuer`] in the making.
#[derive(Clone, Debug)]
#[must_use = "an issuer is started by `.start()`"]
pub struct LocalIssuerBuilder {
    audience: String,
    personas: Vec<Persona>,
    address: SocketAddr,
    lifetime: Duration,
}

impl LocalIssuerBuilder {
    /// Adds somebody to log in as. Without any there are [those of the examples](Persona::examples).
    pub fn persona(mut self, persona: Persona) -> Self {
        self.personas.push(persona);
        self
    }

    /// Adds several.
    pub fn personas(mut self, personas: impl IntoIterator<Item = Persona>) -> Self {
        self.personas.extend(personas);
        self
    }

    /// Listens here, on a free port of 127.0.0.1 unless set.
    pub fn bind(mut self, address: impl Into<SocketAddr>) -> Self {
        self.address = address.into();
        self
    }

    /// For how long tokens are good, an hour unless set. Whole seconds.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Makes keys for RS256, ES256 and EdDSA, and listens.
    ///
    /// # Errors
    ///
    /// When the address cannot be had or is not on loopback, the audience is empty, or two personas have one name or
    /// one has none.
    pub async fn start(self) -> io::Result<LocalIssuer> {
        let refused = |problem: String| io::Error::new(io::ErrorKind::InvalidInput, problem);
        loopback::check_address(self.address).map_err(|problem| refused(problem.to_owned()))?;
        if self.audience.is_empty() {
            return Err(refused("the audience is empty: name the API that the tokens are for".to_owned()));
        }
        let personas = if self.personas.is_empty() { Persona::examples() } else { self.personas };
        for (index, persona) in personas.iter().enumerate() {
            let name = persona.name();
            if name.is_empty() || personas[..index].iter().any(|other| other.name() == name) {
                return Err(refused(format!("persona `{name}`: give each persona a name of its own")));
            }
        }
        let personas: Vec<Arc<Persona>> = personas.into_iter().map(Arc::new).collect();

        let listener = TcpListener::bind(self.address).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let metadata = AuthorizationServer::metadata(&url, &personas);
        let algorithms = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];
        let provider = Arc::new(ProviderState::new(url, algorithms).with_metadata(metadata));
        let server = Arc::new(AuthorizationServer::new(Arc::clone(&provider), personas, self.audience, self.lifetime));
        let issuer = TestIssuer::serve(provider, listener, Arc::clone(&server).router());
        Ok(LocalIssuer { issuer, server })
    }
}
