//! One contender, served on 127.0.0.1 by one thread.
//!
//! `peers-server CONTENDER PORT ISSUER`, where the issuer is the URL of a running `peers-issuer`.

use countersign_peers::Contender;
use std::env;
use std::error::Error;
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let [contender, port, issuer] = arguments()?;
    let contender = Contender::named(&contender).ok_or("no contender has this name")?;
    let app = contender.app(&issuer).await?;
    // Bound only now, so that a server that accepts connections has its keys.
    let listener = TcpListener::bind(("127.0.0.1", port.parse::<u16>()?)).await?;
    Ok(app.serve(listener).await?)
}

fn arguments() -> Result<[String; 3], &'static str> {
    env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| "usage: peers-server CONTENDER PORT ISSUER")
}
