//! The `Firebase` preset.

use super::rows::Rows;
use crate::Result;
use crate::relying_party::SignInRequest;
use crate::report::Report;
use crate::shapes::Shapes;
use countersign::providers::Firebase;

const PROJECT: &str = "demo-project";

pub(super) async fn shaped(report: &mut Report, shapes: &Shapes) -> Result {
    const NAME: &str = "Firebase (shape, signed by oidc-provider)";
    let sign_in = async |issuer: String, client: &str| {
        let request =
            SignInRequest { client, scope: "openid", resource: None, nonce: None, ..SignInRequest::default() };
        Ok::<_, crate::Error>(shapes.sign_in(&issuer, request).await?.id)
    };
    let at = |project: &str| format!("https://securetoken.google.com/{project}");
    let alice = sign_in(at(PROJECT), PROJECT).await?;
    let other_project = sign_in(at("other-project"), "other-project").await?;
    let other_audience = sign_in(at(PROJECT), "web").await?;
    let cookie = sign_in(format!("https://session.firebase.google.com/{PROJECT}"), PROJECT).await?;

    let mut rows = Rows::new(report, NAME, Firebase::project(PROJECT).http_client(shapes.http_client())).await?;
    rows.good("ID token, keys on another host", &alice, "user alice; groups admin").await?;
    rows.check("ID token of another project, same key", &other_project, "refused: unknown_issuer").await;
    rows.check("ID token for something else", &other_audience, "refused: wrong_audience").await;
    rows.check("session cookie", &cookie, "refused: unknown_issuer").await;

    let cookies = Firebase::session_cookies(PROJECT).http_client(shapes.http_client());
    let mut rows = Rows::new(report, NAME, cookies).await?.set_to("session cookies");
    rows.good("session cookie", &cookie, "user alice; groups admin").await?;
    rows.check("ID token", &alice, "refused: unknown_issuer").await;
    Ok(())
}
