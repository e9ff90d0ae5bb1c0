use crate::api::Api;
use countersign::policy::ClaimMap;
use countersign::providers::Cognito;
use countersign::{Principal, RequireRoles, RequireScopes, Verifier};
use countersign_testing::{TestIssuer, TestToken};

const POOL: &str = "eu-west-1_aBcDeFgHi";
const CLIENT: &str = "5f1exampleclient";

countersign::scopes! { ReadUsers = "read:users"; }
countersign::roles! { Manager = "manager"; }

fn pool(issuer: &TestIssuer) -> countersign::providers::Provider<Cognito> {
    Cognito::user_pool("eu-west-1", POOL).client_id(CLIENT).jwks_url(format!("{}/jwks", issuer.url()))
}

/// A token with the pool's issuer and this `token_use`.
fn token(issuer: &TestIssuer, token_use: &str) -> TestToken {
    let token = issuer.token("7").header("typ", "JWT").without("client_id");
    token.claim("iss", format!("https://cognito-idp.eu-west-1.amazonaws.com/{POOL}")).claim("token_use", token_use)
}

fn access_token(issuer: &TestIssuer) -> TestToken {
    token(issuer, "access").claim("client_id", CLIENT).claim("username", "alice")
}

fn id_token(issuer: &TestIssuer) -> TestToken {
    token(issuer, "id").claim("aud", CLIENT).claim("cognito:username", "alice").claim("email", "alice@example.com")
}

#[tokio::test]
async fn each_route_takes_the_kind_of_token_that_it_names() {
    let issuer = TestIssuer::start().await.unwrap();
    let api = Api::serve(from_fastapi::cloudauth::cognito::app(pool(&issuer)).await.unwrap()).await;
    let reader = access_token(&issuer).claim("cognito:groups", ["read:users"].as_slice()).mint();
    let (access, id) = (access_token(&issuer).mint(), id_token(&issuer).mint());
    let id_of_reader = id_token(&issuer).claim("cognito:groups", ["read:users"].as_slice()).mint();
    api.assert_all(&[
        ("/", "", 401, ""),
        ("/", &reader, 200, "Hello"),
        ("/", &access, 403, ""),
        ("/", &id_of_reader, 401, ""),
        ("/access/", &access, 200, "Hello, 7"),
        ("/access/", &id, 401, ""),
        ("/user/", &id, 200, "Hello, alice"),
        ("/user/", &access, 401, ""),
        ("/user/", "", 401, ""),
    ])
    .await;
}

#[tokio::test]
async fn a_token_of_another_app_client_or_without_its_claims_is_refused() {
    let issuer = TestIssuer::start().await.unwrap();
    let api = Api::serve(from_fastapi::cloudauth::cognito::app(pool(&issuer)).await.unwrap()).await;
    for token in [
        access_token(&issuer).claim("client_id", "another").mint(),
        access_token(&issuer).without("client_id").mint(),
        access_token(&issuer).without("token_use").mint(),
        access_token(&issuer).without("exp").mint(),
    ] {
        assert_eq!(api.get("/access/", &token).await.0, 401);
    }
    for token in [
        id_token(&issuer).claim("aud", "another").mint(),
        id_token(&issuer).without("aud").mint(),
        id_token(&issuer).without("exp").mint(),
    ] {
        assert_eq!(api.get("/user/", &token).await.0, 401);
    }
}

/// Several values of `client_id`, which users of fastapi-cloudauth request (#46).
#[tokio::test]
async fn several_app_clients_can_be_named() {
    let issuer = TestIssuer::start().await.unwrap();
    let app = from_fastapi::cloudauth::cognito::app(pool(&issuer).client_id("mobile")).await.unwrap();
    let api = Api::serve(app).await;
    let of = |client: &str| access_token(&issuer).claim("client_id", client).mint();
    api.assert_all(&[
        ("/access/", &of(CLIENT), 200, "Hello, 7"),
        ("/access/", &of("mobile"), 200, "Hello, 7"),
        ("/access/", &of("another"), 401, ""),
    ])
    .await;
}

/// The counterpart of `scope_key`: the claim map names the claims with scopes, so groups can be scopes.
#[tokio::test]
async fn scopes_are_read_from_the_claim_that_is_named() {
    let issuer = TestIssuer::start().await.unwrap();
    let pool = pool(&issuer).claim_map(ClaimMap::default().scopes(["cognito:groups"]));
    let verifier = Verifier::builder().issuer(pool).build().await.unwrap();
    let handler = async |_: RequireScopes<ReadUsers>, caller: Principal| caller.subject().to_owned();
    let api = Api::serve(axum::Router::new().route("/", axum::routing::get(handler)).with_state(verifier)).await;
    let (in_groups, in_scope) = (
        access_token(&issuer).claim("cognito:groups", ["read:users"].as_slice()).mint(),
        access_token(&issuer).scopes(["read:users"]).mint(),
    );
    api.assert_all(&[("/", &in_groups, 200, "7"), ("/", &in_scope, 403, "")]).await;
}

/// The counterpart of `CognitoGroupsAsRolesProvider`.
#[tokio::test]
async fn groups_can_be_roles() {
    let issuer = TestIssuer::start().await.unwrap();
    let pool = pool(&issuer).claim_map(ClaimMap::default().roles(["cognito:groups"]));
    let verifier = Verifier::builder().issuer(pool).build().await.unwrap();
    let handler = async |_: RequireRoles<Manager>| "for managers";
    let api = Api::serve(axum::Router::new().route("/", axum::routing::get(handler)).with_state(verifier)).await;
    let member = |group: &str| access_token(&issuer).claim("cognito:groups", [group].as_slice()).mint();
    api.assert_all(&[("/", &member("manager"), 200, "for managers"), ("/", &member("intern"), 403, "")]).await;
}
