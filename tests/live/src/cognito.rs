//! Tokens of moto's Cognito at the `Cognito` preset.

use crate::forgery::tampered;
use crate::moto::{Moto, REGION};
use crate::report::Report;
use crate::resource_server::http_client;
use crate::{Result, verdict};
use axum::Router;
use axum::routing::get;
use countersign::{Claims, Cognito, CurrentUser, Verifier};
use tokio::net::TcpListener;

const NAME: &str = "moto (Cognito)";

pub(crate) async fn check(report: &mut Report) -> Result {
    let moto = Moto::start().await?;
    let sign_in = moto.sign_in().await?;
    let text = |name: &str| sign_in[name].as_str().ok_or(format!("no {name} in {sign_in}"));
    let pool = Cognito::user_pool(REGION, text("pool")?).client_id(text("client")?).http_client(moto.http_client());
    let verifier = Verifier::builder().issuer(pool).build().await?;

    let access = text("access")?;
    let alice = format!("accepted: {}, in admin", text("sub")?);
    let cases = [
        ("access token", access.to_owned(), alice.as_str()),
        ("access token tampered signature", tampered(access), "refused: bad_signature"),
        ("access token of another app client", text("other_client_access")?.to_owned(), "refused: wrong_audience"),
        ("access token of another pool, same key", text("other_pool_access")?.to_owned(), "refused: unknown_issuer"),
        // It has an `aud` where access tokens have a `client_id`.
        ("ID token", text("id")?.to_owned(), "refused: wrong_kind"),
    ];
    for (case, token, expected) in &cases {
        report.check(NAME, *case, *expected, Ok(verdict::verified(&verifier, token).await));
    }

    let url = serve(verifier).await?;
    for (case, token, expected) in cases {
        let response = http_client()?.get(&url).bearer_auth(token).send().await?;
        let expected = if expected.starts_with("refused") { "401 invalid_token" } else { "200" };
        report.check(NAME, format!("{case}, over HTTP"), expected, verdict::answered(response).await);
    }
    Ok(())
}

/// An application with one route for any user of the pool.
async fn serve(verifier: Verifier) -> Result<String> {
    async fn me(CurrentUser(_): CurrentUser<Claims>) {}
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}/me", listener.local_addr()?);
    let app = Router::new().route("/me", get(me)).with_state(verifier);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(url)
}
