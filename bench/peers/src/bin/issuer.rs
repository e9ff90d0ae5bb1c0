//! The issuer of a run over HTTP: serves its keys on 127.0.0.1, and writes tokens for the load generator.
//!
//! `peers-issuer PORT FOLDER COUNT`

use countersign_peers::{BadToken, LocalIssuer};
use std::error::Error;
use std::path::Path;
use std::{env, fs, future};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let [port, folder, count] = arguments()?;
    let folder = Path::new(&folder);
    let issuer = LocalIssuer::start(port.parse()?).await?;
    let tokens = issuer.tokens(0..count.parse()?);
    fs::write(folder.join("bad"), BadToken::ALL.map(|bad| issuer.bad_token(bad)).join("\n") + "\n")?;
    fs::write(folder.join("tokens"), tokens.join("\n") + "\n")?;
    // Written last, since its presence means that the other files are complete.
    fs::write(folder.join("issuer"), issuer.url())?;
    future::pending().await
}

fn arguments() -> Result<[String; 3], &'static str> {
    env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| "usage: peers-issuer PORT FOLDER COUNT")
}
