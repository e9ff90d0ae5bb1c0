//! Entra ID omits the groups of users with many groups. Countersign notices this, and does not treat it as no groups.

use countersign::entitlements::Entitlements;
use countersign::keys::Algorithm;
use countersign::providers::Entra;
use countersign::verified::VerifiedToken;
use countersign::{RequireGroups, RequireScopes, Verifier, VerifierBuilder};
use countersign_testing::SigningKey;
use countersign_tests::Journal;
use serde_json::{Value, json};

countersign::groups! { Admin = "d1f0a6c4-0000-0000-0000-000000000001"; }
countersign::scopes! { Read = "reports.read"; }

const TENANT: &str = "11111111-2222-3333-4444-555555555555";

async fn caller(more: Value, set_up: impl FnOnce(VerifierBuilder) -> VerifierBuilder) -> (Verifier, VerifiedToken) {
    let key = SigningKey::generate(Algorithm::RS256, "key");
    let entra = Entra::tenant(TENANT).audience("api").jwks(json!({ "keys": [key.jwk()] }).to_string());
    let verifier = set_up(Verifier::builder().issuer(entra)).build().await.unwrap();
    let mut claims = json!({
        "iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"), "tid": TENANT, "ver": "2.0", "aud": "api",
        "azp": "spa", "sub": "alice-of-this-app", "scp": "reports.write", "exp": 4_000_000_000_u64,
    });
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let token = verifier.verify(&key.sign(r#"{"alg":"RS256","kid":"key"}"#, claims.to_string())).await.unwrap();
    (verifier, token)
}

fn too_many() -> Value {
    json!({ "_claim_names": { "groups": "src1" } })
}

#[tokio::test]
async fn a_refusal_for_groups_that_were_left_out_is_told_to_the_operator() {
    let (verifier, token) = caller(too_many(), |builder| builder).await;
    assert!(token.principal().groups_left_out() && token.principal().groups().is_empty());
    let journal = Journal::start();
    assert_eq!(verifier.permits::<RequireGroups<Admin>>(&token).await, Ok(false));
    let log = journal.take();
    assert!(log.contains("WARN") && log.contains("leaves groups out") && !log.contains("alice"), "{log}");

    // This rejection does not concern groups.
    assert_eq!(verifier.permits::<RequireScopes<Read>>(&token).await, Ok(false));
    assert_eq!(journal.take(), "");
}

#[tokio::test]
async fn a_member_of_no_group_is_no_case_of_it() {
    let (verifier, token) = caller(json!({ "groups": [] }), |builder| builder).await;
    let journal = Journal::start();
    assert_eq!(verifier.permits::<RequireGroups<Admin>>(&token).await, Ok(false));
    assert!(!token.principal().groups_left_out());
    assert_eq!(journal.take(), "");
}

#[tokio::test]
async fn groups_that_are_looked_up_fill_the_gap() {
    let directory = |builder: VerifierBuilder| {
        builder.entitlements(|_| async {
            Ok(Entitlements::default().with_groups(["d1f0a6c4-0000-0000-0000-000000000001"]))
        })
    };
    let (verifier, token) = caller(too_many(), directory).await;
    assert_eq!(verifier.permits::<RequireGroups<Admin>>(&token).await, Ok(true));
    let granted = verifier.caller(&token).await.unwrap();
    assert!(!granted.principal().groups_left_out());

    let empty = |builder: VerifierBuilder| builder.entitlements(|_| async { Ok(Entitlements::default()) });
    let (verifier, token) = caller(too_many(), empty).await;
    assert!(verifier.caller(&token).await.unwrap().principal().groups_left_out(), "nobody has said which groups");
}
