//! Servers on loopback with the production host names of providers, and a client that finds them. So the presets use their
//! production URLs.

use crate::{Result, cache};
use reqwest::dns::{Name, Resolve, Resolving};
use reqwest::{Certificate, Client, redirect};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

const HANDSHAKE_LIMIT: Duration = Duration::from_secs(60);

/// Terminates TLS for servers with plain HTTP. The name in the handshake (SNI) selects the server, and the content is passed
/// on unchanged.
pub(crate) struct TlsFront {
    names: Vec<(&'static str, SocketAddr)>,
    task: AbortHandle,
}

impl TlsFront {
    /// Starts with these names and their ports on loopback.
    pub(crate) async fn start(routes: &[(&'static str, u16)]) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let names = routes.iter().map(|(name, _)| (*name, address)).collect();
        let task = tokio::spawn(serve(listener, acceptor()?, routes.iter().copied().collect())).abort_handle();
        Ok(TlsFront { names, task })
    }

    /// The names that it serves, and its address.
    pub(crate) fn names(&self) -> &[(&'static str, SocketAddr)] {
        &self.names
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, routes: HashMap<&'static str, u16>) {
    while let Ok((connection, _)) = listener.accept().await {
        let (acceptor, routes) = (acceptor.clone(), routes.clone());
        tokio::spawn(async move {
            // A client that aborts here reports its own error.
            if let Ok(Ok(mut inside)) = timeout(HANDSHAKE_LIMIT, acceptor.accept(connection)).await
                && let Some(port) = inside.get_ref().1.server_name().and_then(|name| routes.get(name))
                && let Ok(mut server) = TcpStream::connect(("127.0.0.1", *port)).await
            {
                let _ = copy_bidirectional(&mut inside, &mut server).await;
            }
        });
    }
}

fn acceptor() -> Result<TlsAcceptor> {
    let certificates =
        CertificateDer::pem_file_iter(cache().join("tls/server.pem"))?.collect::<std::result::Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(cache().join("tls/server.key"))?;
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(certificates, key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// A client that resolves these names to these addresses, and trusts this run's CA. It supports https only, and resolves no
/// other names.
pub(crate) fn http_client(names: &[(&'static str, SocketAddr)]) -> Result<Client> {
    let authority = Certificate::from_pem(&std::fs::read(cache().join("tls/ca.pem"))?)?;
    let client = Client::builder()
        .no_proxy()
        .https_only(true)
        .redirect(redirect::Policy::none())
        .tls_certs_only([authority])
        .dns_resolver(Arc::new(Nowhere))
        .timeout(Duration::from_secs(60));
    let client = names.iter().fold(client, |client, (name, address)| client.resolve(name, *address));
    Ok(client.build()?)
}

/// Resolves no name, so that presets never call a real provider, even if this harness lacks a name.
struct Nowhere;

impl Resolve for Nowhere {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move { Err(format!("{} is not served here", name.as_str()).into()) })
    }
}
