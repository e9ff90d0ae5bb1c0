//! The `Cognito` preset.

use super::rows::Rows;
use crate::moto::{Moto, REGION};
use crate::relying_party::{SignInRequest, member};
use crate::report::Report;
use crate::shapes::Shapes;
use crate::{API, Result};
use countersign::providers::Cognito;

pub(super) async fn imitated(report: &mut Report, moto: &Moto) -> Result {
    const NAME: &str = "Cognito (imitated by moto)";
    let sign_in = moto.sign_in().await?;
    let text = |name: &str| member(&sign_in, name);
    let pool = || -> Result<_> {
        Ok(Cognito::user_pool(REGION, text("pool")?).client_id(text("client")?).http_client(moto.http_client()))
    };
    let alice = format!("user {}; groups admin", text("sub")?);

    let mut rows = Rows::new(report, NAME, pool()?).await?;
    let (access, id) = (text("access")?, text("id")?);
    rows.good(
        "access token",
        &access,
        &format!("user {}; scopes aws.cognito.signin.user.admin; groups admin", text("sub")?),
    )
    .await?;
    rows.check("access token of another app client", &text("other_client_access")?, "refused: wrong_audience").await;
    rows.check("access token of another pool, same key", &text("other_pool_access")?, "refused: unknown_issuer").await;
    rows.check("ID token", &id, "refused: wrong_kind").await;

    let mut rows = Rows::new(report, NAME, pool()?.id_tokens()).await?.set_to("ID tokens");
    rows.good("ID token", &id, &alice).await?;
    rows.check("access token", &access, "refused: wrong_kind").await;
    Ok(())
}

/// Tokens of machines, which moto does not issue.
pub(super) async fn shaped(report: &mut Report, shapes: &Shapes) -> Result {
    const NAME: &str = "Cognito (shape, signed by oidc-provider)";
    let issuer = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Shape0001";
    let pool = || Cognito::user_pool(REGION, "us-east-1_Shape0001").http_client(shapes.http_client());
    let alice = shapes.sign_in(issuer, SignInRequest::default()).await?;
    let machine = shapes.machine(issuer, API).await?;

    let mut rows = Rows::new(report, NAME, pool().client_id("web").client_id("svc")).await?;
    rows.good("access token", &alice.access, "user alice; scopes reports:read; groups admin").await?;
    rows.good("machine's access token", &machine, "machine svc; scopes reports:read").await?;
    let other = shapes.machine("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Shape0002", API).await?;
    rows.check("machine's access token of another pool", &other, "refused: unknown_issuer").await;
    rows.check("ID token", &alice.id, "refused: wrong_kind").await;

    let mut rows = Rows::new(report, NAME, pool().client_id("web")).await?.set_to("the app client `web` only");
    rows.check("machine's access token", &machine, "refused: wrong_audience").await;
    Ok(())
}
