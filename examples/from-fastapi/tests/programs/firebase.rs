use crate::api::Api;
use countersign::Verifier;
use countersign::providers::Firebase;
use countersign_testing::TestIssuer;
use serde_json::json;

#[tokio::test]
async fn users_of_the_project_are_let_in_and_a_rule_of_ones_own_keeps_guests_out() {
    let issuer = TestIssuer::start().await.unwrap();
    let project = Firebase::project("my-project").jwks_url(format!("{}/jwks", issuer.url()));
    let project = from_fastapi::cloudauth::firebase::without_guests(project);
    let verifier = Verifier::builder().issuer(project).build().await.unwrap();
    let api = Api::serve(from_fastapi::cloudauth::firebase::app(verifier)).await;
    let token = |project: &str, sign_in: &str| {
        let token = issuer.token("u1").header("typ", "JWT").without("client_id").audience(project);
        let token = token.claim("iss", format!("https://securetoken.google.com/{project}")).claim("auth_time", 1);
        token.claim("firebase", json!({ "sign_in_provider": sign_in, "identities": {} })).mint()
    };
    api.assert_all(&[
        ("/user/", &token("my-project", "password"), 200, "Hello, u1"),
        ("/user/", &token("my-project", "anonymous"), 401, ""),
        ("/user/", &token("another", "password"), 401, ""),
        ("/user/", "", 401, ""),
    ])
    .await;
}
