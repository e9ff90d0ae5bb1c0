//! Every preset at tokens of its provider, by the URLs that it has in production. Where a provider is imitated, its name in
//! the report says so, and by whom.

mod rows;

use crate::auth0_simulator::{Auth0Simulator, DOMAIN};
use crate::emulate::{Emulate, OKTA_DOMAIN, TENANT};
use crate::relying_party::SignInRequest;
use crate::report::Report;
use crate::shapes::Shapes;
use crate::{API, OTHER_API, Result};
use countersign::Oidc;
use rows::Rows;

pub(crate) async fn check(report: &mut Report) -> Result {
    let (emulate, auth0, shapes) = tokio::try_join!(Emulate::start(), Auth0Simulator::start(), Shapes::start())?;
    let oidc = |issuer: &str, http| Oidc::issuer(issuer).audience(API).audience("web").http_client(http);
    let entra = format!("https://login.microsoftonline.com/{TENANT}/v2.0");
    let okta = format!("https://{OKTA_DOMAIN}/oauth2/default");
    for (name, issuer) in
        [("Google (emulate)", "https://accounts.google.com"), ("Entra (emulate)", &entra), ("Okta (emulate)", &okta)]
    {
        let mut rows = Rows::new(report, name, oidc(issuer, emulate.http_client())).await?;
        let token = emulate.id_token(issuer, "web", "alice@example.test").await?;
        rows.check("ID token", &token, "refused: wrong_kind").await;
    }

    let issuer = format!("https://{DOMAIN}/");
    let mut rows = Rows::new(report, "Auth0 (simulator)", oidc(&issuer, auth0.http_client())).await?;
    let alice = auth0.sign_in("web", API).await?;
    rows.good("access token", &alice.access, "user auth0|alice; scopes openid email reports:read").await?;
    rows.check("ID token", &alice.id, "refused: wrong_kind").await;
    rows.check("machine's access token", &auth0.client_credentials("svc", API).await?, "refused: missing_claim").await;

    let keycloak = "https://keycloak.example.test/realms/main";
    for (name, issuer, principal) in [
        ("Keycloak (shape)", keycloak, "user alice; scopes reports:read; groups /admin"),
        ("Entra (shape)", &entra, "user alice; scopes reports:read; groups admin; roles Reports.Editor"),
        ("Okta (shape)", &okta, "user alice@example.test; scopes reports:read; groups admin"),
        ("Auth0 (shape)", &issuer, "user alice; scopes reports:read; permissions edit:reports"),
    ] {
        let mut rows = Rows::new(report, name, oidc(issuer, shapes.http_client())).await?;
        let alice = shapes.sign_in(issuer, SignInRequest::default()).await?;
        rows.good("access token", &alice.access, principal).await?;
        rows.check("ID token", &alice.id, "refused: wrong_kind").await;
        let other = shapes.machine(issuer, OTHER_API).await?;
        rows.check("access token for another audience", &other, "refused: wrong_audience").await;
    }
    Ok(())
}
